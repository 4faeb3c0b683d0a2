// Many networks together against the same networks one by one on the "cpu" engine, by the same
// arithmetic: whatever differs is the schedule's.
#include "worker/engine/cuda/lockstep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <new>
#include <optional>
#include <thread>

#include "absl/strings/str_format.h"
#include "tests/worker/engine/small_training.h"
#include "worker/engine/cpu/cpu_learner.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/trainer.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine {
namespace {

// As the threads of the "cpu" engine compute.
class FlushDenormals {
 public:
  FlushDenormals() { at::globalContext().setFlushDenormal(true); }
  ~FlushDenormals() { at::globalContext().setFlushDenormal(false); }
};

// One learner a slot, one after the other.
class LearnerPopulation : public cuda::Population {
 public:
  LearnerPopulation(const Plan& plan, absl::Span<const Member> members,
                    const task::Trials& validation)
      : plan_(plan), validation_(validation), slots_(members.size()) {
    for (size_t i = 0; i < members.size(); ++i) {
      slots_[i].member = members[i];
      slots_[i].at = members[i].start.iteration;
    }
  }

  void Load(int slot, const std::vector<float>& parameters,
            const std::vector<float>& velocity) override {
    Slot& loaded = slots_[slot];
    loaded.member.start = Checkpoint();
    loaded.member.start.parameters = parameters;
    loaded.member.start.velocity = velocity;
    loaded.learner = std::make_unique<cpu::CpuLearner>(*cpu::UsableKernels().front(), plan_,
                                                       loaded.member, validation_);
  }
  void SetPendingLoss(int slot, double pending_loss) override {
    slots_[slot].standing.pending_loss = pending_loss;
  }
  void Iterate(const std::vector<uint8_t>& active, int64_t t, int64_t count, int steps) override {
    if (t == fails_at) throw std::bad_alloc();
    EXPECT_GE(t, end_) << "an iteration is done once, for all";
    end_ = t + count;
    longest = std::max(longest, count);
    std::this_thread::sleep_for(delay * count);
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (active[i] != 0) Iterate(slots_[i], t, count, steps);
    }
  }
  std::vector<cuda::Standing> Standings() override {
    std::vector<cuda::Standing> standings;
    for (const Slot& slot : slots_) standings.push_back(slot.standing);
    return standings;
  }
  std::vector<double> ValidationLosses() override {
    ++validations;
    std::vector<double> losses;
    for (const Slot& slot : slots_) {
      losses.push_back(slot.at < overflows_at ? slot.learner->ValidationLoss() : INFINITY);
    }
    return losses;
  }
  void Save(int slot, Checkpoint& checkpoint) override { slots_[slot].learner->Save(checkpoint); }

  std::chrono::milliseconds delay{0};  // an iteration
  int64_t fails_at = -1, overflows_at = INT64_MAX;
  int64_t longest = 0;
  int validations = 0;

 private:
  struct Slot {
    Member member;
    int64_t at = 0;
    std::unique_ptr<cpu::CpuLearner> learner;
    cuda::Standing standing;
  };

  void Iterate(Slot& slot, int64_t first, int64_t count, int steps) {
    EXPECT_EQ(slot.at, first);
    for (int64_t t = first; t < first + count && slot.standing.diverged_at < 0; ++t) {
      EXPECT_EQ(steps, StepsAt(plan_, t));
      if (const std::optional<double> loss = slot.learner->Iterate(t); loss.has_value()) {
        slot.standing.pending_loss += *loss;
        slot.at = t + 1;
      } else {
        slot.standing.diverged_at = t;
      }
    }
  }

  const Plan& plan_;
  const task::Trials& validation_;
  const FlushDenormals flush_;
  std::vector<Slot> slots_;
  int64_t end_ = 0;
};

// A learner whose validation loss overflows.
class OverflowingLearner : public Learner {
 public:
  OverflowingLearner(Learner& learner, int64_t at) : learner_(learner), left_(at) {}
  std::optional<double> Iterate(int64_t t) override {
    --left_;
    return learner_.Iterate(t);
  }
  double ValidationLoss() override { return left_ > 0 ? learner_.ValidationLoss() : INFINITY; }
  void Save(Checkpoint& checkpoint) const override { learner_.Save(checkpoint); }

 private:
  Learner& learner_;
  int64_t left_;
};

// All that an observer is told, but for rates and seconds.
class Journal : public Observer {
 public:
  bool OnProgress(size_t member, const Progress& progress) override {
    pages[member].push_back(absl::StrFormat("%d: loss %a", progress.iteration, progress.loss));
    const auto stop = stop_at.find(member);
    return stop == stop_at.end() || progress.iteration < stop->second;
  }
  void OnCheckpoint(size_t member, const Checkpoint& checkpoint) override {
    pages[member].push_back(absl::StrCat(checkpoint.iteration, ": checkpoint"));
    checkpoints[member].push_back(checkpoint);
  }
  void OnEnd(size_t member, const Outcome& outcome) override {
    pages[member].push_back(absl::StrFormat("%d: ended, %d, %a", outcome.last.iteration,
                                            outcome.ending, outcome.validation_loss));
    ends.push_back(member);
  }

  std::map<size_t, int64_t> stop_at;
  std::map<size_t, std::vector<std::string>> pages;
  std::map<size_t, std::vector<Checkpoint>> checkpoints;
  std::vector<size_t> ends;
};

void ExpectSame(const Checkpoint& one, const Checkpoint& other) {
  EXPECT_EQ(one.iteration, other.iteration);
  EXPECT_EQ(one.parameters, other.parameters);
  EXPECT_EQ(one.velocity, other.velocity);
  EXPECT_EQ(one.pending_loss, other.pending_loss);
  ASSERT_EQ(one.loss_curve.size(), other.loss_curve.size());
  for (size_t i = 0; i < one.loss_curve.size(); ++i) {
    EXPECT_EQ(one.loss_curve[i].iteration, other.loss_curve[i].iteration);
    EXPECT_EQ(one.loss_curve[i].train_loss, other.loss_curve[i].train_loss);
    EXPECT_EQ(one.loss_curve[i].validation_loss, other.loss_curve[i].validation_loss);
  }
}

void ExpectSame(const Outcome& one, const Outcome& other) {
  EXPECT_EQ(one.ending, other.ending);
  EXPECT_EQ(one.validation_loss, other.validation_loss);
  EXPECT_EQ(one.diverged_at, other.diverged_at);
  EXPECT_EQ(one.last_finite_loss, other.last_finite_loss);
  ExpectSame(one.last, other.last);
}

class LockstepTest : public SmallTraining {
 protected:
  LockstepTest() {
    plan_.curriculum = {{10, 0.35}, {15, 0.25}, {20, 0.4}};  // to 21, 36 and 60
  }

  LearnerPopulation PopulationOf(absl::Span<const Member> members) {
    validation_ = ValidationTrials(plan_);
    return LearnerPopulation(plan_, members, validation_);
  }

  // In populations of `capacity`, one after the other.
  std::vector<Outcome> TrainTogether(const std::vector<Member>& pack, Observer& observer,
                                     size_t capacity) {
    std::vector<Outcome> outcomes(pack.size());
    for (size_t first = 0; first < pack.size(); first += capacity) {
      const auto members = absl::MakeConstSpan(pack).subspan(first, capacity);
      LearnerPopulation population = PopulationOf(members);
      cuda::TrainInLockstep(plan_, members, first, population, observer,
                            absl::MakeSpan(outcomes).subspan(first, capacity));
    }
    return outcomes;
  }

  // Trains the pack in both ways, with the members of `stop_at` stopped there.
  std::vector<Outcome> ExpectAlike(const std::vector<Member>& pack,
                                   const std::map<size_t, int64_t>& stop_at = {}) {
    Journal alone;
    alone.stop_at = stop_at;
    const std::vector<Outcome> expected = Train(pack, 1, alone);
    for (const size_t capacity : {pack.size(), size_t{3}}) {
      Journal together;
      together.stop_at = stop_at;
      const std::vector<Outcome> outcomes = TrainTogether(pack, together, capacity);
      EXPECT_EQ(together.pages, alone.pages);
      for (size_t i = 0; i < pack.size(); ++i) {
        SCOPED_TRACE(absl::StrCat("member ", i, ", populations of ", capacity));
        ExpectSame(outcomes[i], expected[i]);
        EXPECT_EQ(together.checkpoints[i].size(), alone.checkpoints[i].size());
        for (size_t k = 0; k < together.checkpoints[i].size(); ++k) {
          ExpectSame(together.checkpoints[i][k], alone.checkpoints[i].at(k));
        }
      }
    }
    return expected;
  }

  // The first `iterations` of `member`, which then goes on to `until`.
  Member Begun(Member member, int64_t iterations, int64_t until) {
    member.until_iteration = iterations;
    if (iterations > 0) member.start = Train({member})[0].last;
    member.until_iteration = until;
    return member;
  }

  Member Calm(int seed) const {
    return MemberOf(rnn::Architecture::kGru, rnn::Activation::kTanh, seed);
  }
  static Member Wild(Member member) {
    member.cell.activation = rnn::Activation::kRelu;
    member.cell.architecture = rnn::Architecture::kVanilla;
    member.hyperparameters = {1e4, 1, 0.9, 10};
    return member;
  }
  // Diverges, but only after some hundred iterations: every parameter changes sign and grows by a
  // tenth or more in each.
  static Member Growing(Member member) {
    member.cell.architecture = rnn::Architecture::kVanilla;
    member.l2 = 105;
    member.hyperparameters = {0.01, 1, 0, 1e30};
    return member;
  }

  task::Trials validation_;
};

INSTANTIATE_TEST_SUITE_P(Engines, LockstepTest, testing::Values("cpu"), EngineName);

TEST_P(LockstepTest, EveryCellBecomesWhatItBecomesAlone) {
  for (const Outcome& outcome : ExpectAlike(EveryCell())) {
    EXPECT_EQ(outcome.ending, Ending::kTrained);
    EXPECT_EQ(outcome.last.loss_curve.size(), 8);
  }
}

TEST_P(LockstepTest, StartsAndEndsMayDiffer) {
  std::vector<Member> pack;
  const std::vector<std::pair<int64_t, int64_t>> spans = {
      {0, 60},  {25, 60}, {17, 60}, {50, 60}, {17, 17}, {60, 60}, {0, 0},
      {20, 23}, {23, 25}, {5, 50},  {36, 40}, {59, 60}, {0, 33},  {33, 33}};
  for (size_t i = 0; i < spans.size(); ++i) {
    pack.push_back(Begun(Calm(static_cast<int>(i)), spans[i].first, spans[i].second));
  }
  const std::vector<Outcome> outcomes = ExpectAlike(pack);
  for (size_t i = 0; i < pack.size(); ++i) {
    EXPECT_EQ(outcomes[i].ending, Ending::kTrained);
    EXPECT_EQ(outcomes[i].last.iteration, spans[i].second);
  }
}

TEST_P(LockstepTest, IntervalsNeedNotDivideOneAnother) {
  plan_.log_every = 7;
  plan_.checkpoint_every = 9;
  plan_.iterations = plan_.decay_steps = 61;
  ExpectAlike({Begun(Calm(0), 0, 61), Begun(Calm(1), 14, 61), Begun(Calm(2), 16, 45)});
  plan_.checkpoint_every = 100;
  ExpectAlike({Begun(Calm(0), 0, 61), Begun(Calm(1), 14, 60)});
  plan_.log_every = 1;
  ExpectAlike({Begun(Calm(0), 3, 10), Begun(Calm(1), 0, 12)});
}

TEST_P(LockstepTest, ADivergenceIsToldAsByAnyEngine) {
  plan_.iterations = plan_.decay_steps = 600;
  const std::vector<Outcome> outcomes =
      ExpectAlike({Begun(Calm(0), 0, 100), Wild(Begun(Calm(1), 0, 600)),
                   Begun(Growing(Calm(2)), 17, 600), Begun(Growing(Calm(2)), 0, 600)});
  EXPECT_EQ(outcomes[0].ending, Ending::kTrained);
  EXPECT_EQ(outcomes[1].ending, Ending::kDiverged);
  EXPECT_LT(outcomes[1].diverged_at, 60);
  EXPECT_EQ(outcomes[2].ending, Ending::kDiverged);
  EXPECT_GT(outcomes[2].diverged_at, 60);
  EXPECT_EQ(outcomes[2].diverged_at, outcomes[3].diverged_at) << "wherever it was cut";
}

// At the start, at a checkpoint, and at an end that is no point of the curve.
TEST_P(LockstepTest, AValidationLossThatOverflowsIsADivergence) {
  for (const auto& [overflows_at, until] :
       {std::pair{0, 60}, std::pair{20, 60}, std::pair{15, 17}}) {
    const std::vector<Member> pack = {Begun(Calm(0), 0, until)};
    LearnerPopulation population = PopulationOf(pack);
    population.overflows_at = overflows_at;
    Journal together, alone;
    Outcome outcome;
    cuda::TrainInLockstep(plan_, pack, 0, population, together, absl::MakeSpan(&outcome, 1));
    EXPECT_EQ(outcome.ending, Ending::kDiverged);
    EXPECT_EQ(outcome.diverged_at, overflows_at == 0 ? 0 : overflows_at == 20 ? 25 : 17);

    cpu::CpuLearner learner(*cpu::UsableKernels().front(), plan_, pack[0], validation_);
    OverflowingLearner overflowing(learner, overflows_at);
    const Outcome expected = Trainer(plan_, pack[0], 0, overflowing, alone).Run();
    ExpectSame(outcome, expected);
    alone.OnEnd(0, expected);
    EXPECT_EQ(together.pages, alone.pages);
  }
}

TEST_P(LockstepTest, AMemberMayBeStoppedAndResumed) {
  std::vector<Member> pack = {Calm(0), Calm(1), Calm(2), Begun(Calm(3), 40, 60)};
  const std::vector<Outcome> whole = ExpectAlike(pack);
  const std::vector<Outcome> stopped = ExpectAlike(pack, {{1, 30}, {2, 25}, {3, 60}});
  EXPECT_EQ(stopped[1].ending, Ending::kStopped);
  EXPECT_EQ(stopped[1].last.iteration, 30);
  EXPECT_EQ(stopped[2].last.iteration, 25);
  EXPECT_EQ(stopped[3].ending, Ending::kTrained) << "where it ends anyway";
  pack[1].start = stopped[1].last;
  pack[2].start = stopped[2].last;
  const std::vector<Outcome> resumed = ExpectAlike(pack);
  for (size_t i = 0; i < pack.size(); ++i) ExpectSame(resumed[i], whole[i]);
}

TEST_P(LockstepTest, EndsAreToldAtOnceAndValidationIsSharedByAll) {
  const std::vector<Member> pack = {Begun(Calm(0), 0, 60), Begun(Calm(1), 0, 25),
                                    Wild(Begun(Calm(2), 0, 60)), Begun(Calm(3), 17, 60)};
  LearnerPopulation population = PopulationOf(pack);
  Journal journal;
  std::vector<Outcome> outcomes(pack.size());
  cuda::TrainInLockstep(plan_, pack, 7, population, journal, absl::MakeSpan(outcomes));
  EXPECT_THAT(journal.ends, testing::ElementsAre(9, 8, 7, 10));
  EXPECT_EQ(population.validations, 4) << "at 0, 25, 50 and 60";
}

// A slow population is looked at between the points of the curve, and its members, those that wait
// included, can be stopped there.
TEST_P(LockstepTest, ASlowPopulationIsCutWithoutATrace) {
  plan_.iterations = plan_.decay_steps = 12;
  plan_.log_every = plan_.checkpoint_every = 100;
  std::vector<Member> pack = {Begun(Calm(0), 0, 12), Begun(Calm(1), 11, 12)};
  const std::vector<Outcome> whole = ExpectAlike(pack);
  LearnerPopulation population = PopulationOf(pack);
  population.delay = std::chrono::milliseconds(250);
  Journal journal;
  journal.stop_at = {{0, 1}, {1, 1}};
  std::vector<Outcome> outcomes(pack.size());
  cuda::TrainInLockstep(plan_, pack, 0, population, journal, absl::MakeSpan(outcomes));
  EXPECT_EQ(population.longest, 1);
  EXPECT_EQ(outcomes[0].ending, Ending::kStopped);
  EXPECT_LE(outcomes[0].last.iteration, 8);
  EXPECT_EQ(outcomes[1].ending, Ending::kStopped);
  EXPECT_EQ(outcomes[1].last.iteration, 11);
  for (size_t i = 0; i < pack.size(); ++i) {
    EXPECT_EQ(outcomes[i].validation_loss, outcomes[i].last.loss_curve.back().validation_loss);
    pack[i].start = outcomes[i].last;
  }
  const std::vector<Outcome> resumed = ExpectAlike(pack);
  for (size_t i = 0; i < pack.size(); ++i) ExpectSame(resumed[i], whole[i]);
}

TEST_P(LockstepTest, AFailureOfTheDeviceIsTheCallers) {
  const std::vector<Member> pack = {Begun(Calm(0), 0, 60), Begun(Calm(1), 0, 10)};
  LearnerPopulation population = PopulationOf(pack);
  population.fails_at = 25;
  Journal journal;
  std::vector<Outcome> outcomes(pack.size());
  EXPECT_THROW(cuda::TrainInLockstep(plan_, pack, 0, population, journal, absl::MakeSpan(outcomes)),
               std::bad_alloc);
  EXPECT_THAT(journal.ends, testing::ElementsAre(1));
  EXPECT_EQ(outcomes[1].ending, Ending::kTrained);
}

}  // namespace
}  // namespace rnnfarm::engine
