#include "worker/engine/cuda/lockstep.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "worker/engine/course.h"
#include "worker/engine/plan_check.h"

namespace rnnfarm::engine::cuda {

namespace {

// How many iterations take long enough for waiting to cost nothing, but not so long that the
// observer hears nothing for much more than Course allows.
class Pace {
 public:
  // Of iterations of `work` each, in any unit. More work than before is expected to take longer in
  // proportion, less work no shorter: a device that is not full takes the same time for it.
  int64_t Iterations(double work) const {
    const double seconds = seconds_ * std::max(1.0, work / work_);
    return std::max<int64_t>(1, static_cast<int64_t>(std::min(kSliceSeconds / seconds, kMost)));
  }
  void Took(double seconds, int64_t iterations, double work) {
    seconds_ = std::max(seconds / static_cast<double>(iterations), kSliceSeconds / kMost);
    work_ = work;
  }

 private:
  static constexpr double kSliceSeconds = 0.25;
  static constexpr double kMost = 1e6;  // iterations
  // An iteration's; before the first is known, one at a time.
  double seconds_ = kSliceSeconds;
  double work_ = 1;
};

class Lockstep {
 public:
  Lockstep(const Plan& plan, absl::Span<const Member> members, size_t first_index,
           Population& population, Observer& observer, absl::Span<Outcome> outcomes)
      : plan_(plan),
        members_(members),
        first_index_(first_index),
        population_(population),
        observer_(observer),
        outcomes_(outcomes),
        courses_(members.size()),
        active_(members.size()) {}

  void Run() {
    Load();
    Settle();
    while (Choose()) {
      Iterate();
      Settle();
    }
  }

 private:
  void Load();
  // The slots that go on from here, and how far. False: all have ended.
  bool Choose();
  void Iterate();
  // Does what is due where the slots stand now.
  void Settle();
  void Record();
  void Report(int slot);
  void End(int slot, Outcome outcome);

  int slots() const { return static_cast<int>(courses_.size()); }

  const Plan& plan_;
  const absl::Span<const Member> members_;
  const size_t first_index_;
  Population& population_;
  Observer& observer_;
  const absl::Span<Outcome> outcomes_;
  // Of the slots that have not ended.
  std::vector<std::optional<Course>> courses_;
  // What Choose chose.
  std::vector<uint8_t> active_;
  int64_t from_ = 0, to_ = 0;  // iterations
  Pace pace_;
};

void Lockstep::Load() {
  for (int slot = 0; slot < slots(); ++slot) {
    const Member& member = members_[slot];
    const Checkpoint& start = member.start;
    if (start.parameters.empty()) {
      const std::vector<float> parameters =
          InitialParameters(plan_.base_seed, member.stream_key, member.cell);
      population_.Load(slot, parameters, std::vector<float>(parameters.size(), 0.0f));
    } else {
      population_.Load(slot, start.parameters, start.velocity);
    }
    population_.SetPendingLoss(slot, start.pending_loss);
    courses_[slot].emplace(plan_, member, first_index_ + slot, observer_);
  }
}

bool Lockstep::Choose() {
  constexpr int64_t kNone = INT64_MAX;
  from_ = kNone;
  for (const auto& course : courses_) {
    if (course.has_value()) from_ = std::min(from_, course->iteration());
  }
  if (from_ == kNone) return false;
  to_ = StageEnd(plan_, from_);
  for (int slot = 0; slot < slots(); ++slot) {
    const auto& course = courses_[slot];
    active_[slot] = course.has_value() && course->iteration() == from_;
    if (course.has_value()) {
      to_ = std::min(to_, active_[slot] ? course->NextDue() : course->iteration());
    }
  }
  return true;
}

void Lockstep::Iterate() {
  const int steps = StepsAt(plan_, from_);
  const double work = static_cast<double>(std::count(active_.begin(), active_.end(), 1)) * steps;
  const int64_t count = std::min(to_ - from_, pace_.Iterations(work));
  const auto begin = std::chrono::steady_clock::now();
  population_.Iterate(active_, from_, count, steps);
  const std::vector<Standing> standings = population_.Standings();
  pace_.Took(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), count,
             work);
  for (int slot = 0; slot < slots(); ++slot) {
    if (!active_[slot]) continue;
    if (const int64_t at = standings[slot].diverged_at; at >= 0) {
      End(slot, courses_[slot]->Diverge(at));
    } else {
      courses_[slot]->Advance(count, standings[slot].pending_loss);
    }
  }
}

void Lockstep::Settle() {
  Record();
  for (int slot = 0; slot < slots(); ++slot) {
    if (courses_[slot].has_value()) Report(slot);
  }
}

void Lockstep::Record() {
  std::vector<double> losses(courses_.size());
  const auto due = [](const auto& course) {
    return course.has_value() && course->validation_due();
  };
  if (std::any_of(courses_.begin(), courses_.end(), due)) losses = population_.ValidationLosses();
  for (int slot = 0; slot < slots(); ++slot) {
    auto& course = courses_[slot];
    if (!course.has_value()) continue;
    const double pending_loss = course->pending_loss();
    if (!course->Record(losses[slot])) {
      End(slot, course->Diverge(course->iteration()));
    } else if (course->pending_loss() != pending_loss) {
      population_.SetPendingLoss(slot, course->pending_loss());
    }
  }
}

void Lockstep::Report(int slot) {
  Course& course = *courses_[slot];
  if (const std::optional<Ending> ending = course.Report(); ending.has_value()) {
    population_.Save(slot, course.checkpoint());
    End(slot, course.End(*ending));
  } else if (course.checkpoint_due()) {
    population_.Save(slot, course.checkpoint());
    course.OfferCheckpoint();
  }
}

void Lockstep::End(int slot, Outcome outcome) {
  courses_[slot].reset();
  outcomes_[slot] = std::move(outcome);
  observer_.OnEnd(first_index_ + slot, outcomes_[slot]);
}

}  // namespace

void TrainInLockstep(const Plan& plan, absl::Span<const Member> members, size_t first_index,
                     Population& population, Observer& observer, absl::Span<Outcome> outcomes) {
  Lockstep(plan, members, first_index, population, observer, outcomes).Run();
}

}  // namespace rnnfarm::engine::cuda
