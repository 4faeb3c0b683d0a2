// What is trained in the tables of bench_train, and how long an engine takes for it.
#ifndef RNNFARM_BENCH_TRAIN_CASE_H_
#define RNNFARM_BENCH_TRAIN_CASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::bench {

inline constexpr int kBatch = 64, kSteps = 100, kBits = 3;

// Three-bit flip-flop of kSteps steps.
std::unique_ptr<task::Task> FlipFlopTask();

// No validation but at the end, a report at every iteration; decay over 20,000 iterations.
engine::Plan PlanOf(const task::Task& task);

// A network of `task` from its initialisation to `iterations`.
engine::Member MemberOf(const task::Task& task, const rnn::CellSpec& cell, const std::string& key,
                        int64_t iterations);

// "gru", "gru relu".
std::string CaseName(const rnn::CellSpec& cell);

// Of the middle; between the two middle ones where they are even in number.
double Median(std::vector<double> values);

// One network, one thread: seconds an iteration, mean of `iterations` behind a first one, which is
// left out as is everything before the first and behind the last. INTERNAL if it does not train.
absl::StatusOr<double> SecondsPerIteration(engine::Engine& engine, const task::Task& task,
                                           const rnn::CellSpec& cell, int64_t iterations);

// Observes nothing.
class Silent final : public engine::Observer {
 public:
  bool OnProgress(size_t, const engine::Progress&) override { return true; }
  void OnCheckpoint(size_t, const engine::Checkpoint&) override {}
};

// The outcomes of Train, or INTERNAL if one of the networks did not train to its end.
absl::StatusOr<std::vector<engine::Outcome>> TrainToEnd(engine::Engine& engine,
                                                        const engine::Plan& plan,
                                                        const std::vector<engine::Member>& pack,
                                                        int threads, engine::Observer& observer);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_CASE_H_
