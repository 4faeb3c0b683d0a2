#include "bench/train_case.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::bench {

namespace {

using Clock = std::chrono::steady_clock;

// The clock at the end of the first iteration and of the last.
class Stopwatch final : public engine::Observer {
 public:
  bool OnProgress(size_t, const engine::Progress& progress) override {
    const Mark mark{Clock::now(), progress.iteration};
    if (first_.iteration == 0) first_ = mark;
    last_ = mark;
    return true;
  }
  void OnCheckpoint(size_t, const engine::Checkpoint&) override {}

  double SecondsPerIteration() const {
    return std::chrono::duration<double>(last_.at - first_.at).count() /
           static_cast<double>(last_.iteration - first_.iteration);
  }

 private:
  struct Mark {
    Clock::time_point at;
    int64_t iteration = 0;
  };
  Mark first_, last_;
};

}  // namespace

std::unique_ptr<task::Task> FlipFlopTask() {
  return *task::MakeTask(task::FlipFlop{kBits, kSteps, 0.05, true});
}

engine::Plan PlanOf(const task::Task& task) {
  engine::Plan plan;
  plan.task = &task;
  plan.batch_size = kBatch;
  plan.validation_trials = 1;
  plan.iterations = plan.checkpoint_every = std::numeric_limits<int32_t>::max();
  plan.log_every = 1;
  return plan;
}

engine::Member MemberOf(const task::Task& task, const rnn::CellSpec& cell, const std::string& key,
                        int64_t iterations) {
  engine::Member member;
  member.stream_key = key;
  member.cell = cell;
  member.cell.inputs = task.inputs();
  member.cell.outputs = task.outputs();
  member.hyperparameters = {/*learning_rate=*/0.01, /*lr_decay=*/1, /*momentum=*/0.9,
                            /*clip_norm=*/1};
  member.until_iteration = iterations;
  return member;
}

std::string CaseName(const rnn::CellSpec& cell) {
  std::string name(rnn::Name(cell.architecture));
  if (cell.activation != rnn::Activation::kTanh) {
    absl::StrAppend(&name, " ", rnn::Name(cell.activation));
  }
  return name;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

absl::StatusOr<std::vector<engine::Outcome>> TrainToEnd(engine::Engine& engine,
                                                        const engine::Plan& plan,
                                                        const std::vector<engine::Member>& pack,
                                                        int threads, engine::Observer& observer) {
  auto outcomes = engine.Train(plan, pack, threads, observer);
  if (!outcomes.ok()) return outcomes;
  for (size_t i = 0; i < pack.size(); ++i) {
    if ((*outcomes)[i].ending == engine::Ending::kTrained) continue;
    return absl::InternalError(absl::StrCat(CaseName(pack[i].cell), " of ", pack[i].cell.units,
                                            " units did not train to iteration ",
                                            pack[i].until_iteration));
  }
  return outcomes;
}

absl::StatusOr<double> SecondsPerIteration(engine::Engine& engine, const task::Task& task,
                                           const rnn::CellSpec& cell, int64_t iterations) {
  Stopwatch stopwatch;
  const auto outcomes = TrainToEnd(engine, PlanOf(task),
                                   {MemberOf(task, cell, "bench", iterations + 1)}, 1, stopwatch);
  if (!outcomes.ok()) return outcomes.status();
  return stopwatch.SecondsPerIteration();
}

}  // namespace rnnfarm::bench
