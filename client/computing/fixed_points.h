// The fixed points of one network, without a farm.
#ifndef RNNFARM_CLIENT_COMPUTING_FIXED_POINTS_H_
#define RNNFARM_CLIENT_COMPUTING_FIXED_POINTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/table.h"
#include "worker/dynamics/analysis.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::client {

// A task that only says at which constant inputs the network is looked at. Its probe, where the
// search starts from, is each condition plus standard normal noise, for want of real trials.
std::unique_ptr<task::Task> MakeConditionsTask(const rnn::CellSpec& cell,
                                               std::vector<std::vector<double>> conditions);

// "flipflop", "sine" or "cdi" of a size that fits the network's inputs.
absl::StatusOr<std::unique_ptr<task::Task>> MakeNamedTask(absl::string_view name,
                                                          const rnn::CellSpec& cell);

// "0,0,1,0" as one condition; INVALID_ARGUMENT unless it has `inputs` finite numbers. `source`
// names the network's file in errors.
absl::StatusOr<std::vector<double>> ParseCondition(absl::string_view text, int inputs,
                                                   absl::string_view source);

// A row a condition: how many points of each index, index sum, certificate, search record.
Table FixedPointsTable(const std::vector<dynamics::ConditionSummary>& conditions);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPUTING_FIXED_POINTS_H_
