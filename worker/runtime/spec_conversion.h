// From the contract's messages to what engines and dynamics take, and back. Pure functions; an
// error is a sentence that names the field of the job's specification.
#ifndef RNNFARM_WORKER_RUNTIME_SPEC_CONVERSION_H_
#define RNNFARM_WORKER_RUNTIME_SPEC_CONVERSION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rnnfarm/v1/population.pb.h"
#include "worker/dynamics/analysis.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::worker {

// `dataset` are the bytes of a dataset task's file, empty for the other tasks.
absl::StatusOr<task::TaskSpec> TaskSpecOf(const v1::Task& task, std::string dataset);

absl::StatusOr<rnn::CellSpec> CellSpecOf(const v1::JobSpec& spec, const task::Task& task);

// Jobs with equal keys have the same task, cell and Plan and may be trained as one pack.
std::string PackKey(const v1::JobSpec& spec);
absl::StatusOr<engine::Plan> PlanOf(const v1::JobSpec& spec, const task::Task& task);
// Starts from the beginning; the caller fills in `start` to resume.
absl::StatusOr<engine::Member> MemberOf(const v1::JobSpec& spec, const rnn::CellSpec& cell);

dynamics::Settings SettingsOf(const v1::JobSpec& spec);

// Entries of a network file's meta, values as JSON text. Nothing in it differs between two runs of
// one job: no time, no host, no attempt. The precision is there where the sweep says another than
// fp32.
std::map<std::string, std::string> MetaOf(const v1::JobSpec& spec);

v1::TrainingSummary SummaryOf(const engine::Outcome& outcome, absl::string_view engine);
v1::FixedPointSummary SummaryOf(const std::vector<dynamics::ConditionSummary>& conditions);

// InfiniteDuration if the job has no time limit.
absl::Duration TimeoutOf(const v1::JobSpec& spec);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_SPEC_CONVERSION_H_
