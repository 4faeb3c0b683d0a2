// What the tests of engines share: a plan of short trainings, and its networks.
#ifndef RNNFARM_TESTS_WORKER_ENGINE_SMALL_TRAINING_H_
#define RNNFARM_TESTS_WORKER_ENGINE_SMALL_TRAINING_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine {

class Recorder : public Observer {
 public:
  // Stops every member at this iteration or soon after.
  explicit Recorder(int64_t stop_at = -1) : stop_at_(stop_at) {}

  bool OnProgress(size_t, const Progress& progress) override {
    const std::lock_guard lock(mutex_);
    threads.insert(std::this_thread::get_id());
    return stop_at_ < 0 || progress.iteration < stop_at_;
  }
  void OnCheckpoint(size_t member, const Checkpoint& checkpoint) override {
    const std::lock_guard lock(mutex_);
    checkpoints[member].push_back(checkpoint);
  }
  std::map<size_t, std::vector<Checkpoint>> checkpoints;
  std::set<std::thread::id> threads;

 private:
  const int64_t stop_at_;
  std::mutex mutex_;
};

// Small networks on a small flip-flop, by the engine that is the test's parameter.
class SmallTraining : public testing::TestWithParam<const char*> {
 protected:
  SmallTraining() : task_(*task::MakeTask(task::FlipFlop{2, 20, 0.1, true})) {
    plan_.task = task_.get();
    plan_.base_seed = 5;
    plan_.iterations = 60;
    plan_.batch_size = 8;
    plan_.decay_steps = 60;
    plan_.validation_trials = 70;
    plan_.checkpoint_every = 25;
    plan_.log_every = 10;
    plan_.curriculum = {{10, 0.5}, {20, 0.5}};
  }

  Member MemberOf(rnn::Architecture architecture, rnn::Activation activation, int seed) const {
    Member member;
    member.cell.architecture = architecture;
    member.cell.activation = activation;
    member.cell.units = 12;
    member.cell.inputs = member.cell.outputs = 2;
    member.cell.noise = 0.1;
    member.stream_key =
        absl::StrCat(rnn::Name(architecture), "-", rnn::Name(activation), "-s", seed);
    member.l2 = 1e-4;
    member.hyperparameters = {0.05, 0.5, 0.9, 1};
    member.until_iteration = plan_.iterations;
    return member;
  }

  std::vector<Member> EveryCell() const {
    std::vector<Member> pack;
    for (const auto architecture :
         {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn, rnn::Architecture::kGru,
          rnn::Architecture::kLstm, rnn::Architecture::kLeaky}) {
      for (const auto activation : {rnn::Activation::kTanh, rnn::Activation::kRelu}) {
        pack.push_back(MemberOf(architecture, activation, 0));
      }
    }
    return pack;
  }

  absl::StatusOr<std::vector<Outcome>> TryTrain(const std::vector<Member>& pack, int threads,
                                                Observer& observer, Limits limits = {}) const {
    return (*MakeEngine(GetParam(), limits))->Train(plan_, pack, threads, observer);
  }
  std::vector<Outcome> Train(const std::vector<Member>& pack, int threads, Observer& observer) {
    auto outcomes = TryTrain(pack, threads, observer);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return *std::move(outcomes);
  }
  std::vector<Outcome> Train(const std::vector<Member>& pack, int threads = 1) {
    Recorder recorder;
    return Train(pack, threads, recorder);
  }

  static std::string Bytes(const Member& member, const Checkpoint& checkpoint) {
    const auto bytes = EncodeCheckpoint(member.cell, checkpoint);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    return *bytes;
  }

  std::unique_ptr<task::Task> task_;
  Plan plan_;
};

inline std::string EngineName(const testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace rnnfarm::engine

#endif  // RNNFARM_TESTS_WORKER_ENGINE_SMALL_TRAINING_H_
