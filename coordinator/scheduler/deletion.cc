// What becomes of a sweep that is deleted, and what later ones of its name must know of it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/enum_word.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

absl::Status NotEnded(const v1::Sweep& sweep) {
  const absl::string_view name = LastSegment(sweep.name());
  return absl::FailedPreconditionError(absl::StrCat(
      "sweep ", name, " is ", base::EnumWord(v1::SweepState_Name(sweep.state()), "SWEEP_STATE_"),
      "; only a sweep that has ended can be deleted: wait for its end, or cancel it by `rnnfarm "
      "sweep cancel ",
      name, "`"));
}

bool HasNothingLeftToDo(const SweepEntry& sweep) {
  const v1::SweepState state = sweep.sweep.state();
  const bool ended = state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED ||
                     state == v1::SWEEP_STATE_CANCELLED;
  return ended && sweep.open == 0 && sweep.leased.empty();
}

}  // namespace

void Scheduler::State::On(const DeleteSweep& event, Effects& effects) {
  SweepEntry* sweep = FindSweep(event.sweep);
  if (sweep == nullptr) {
    effects.status = NoSweep(event.sweep);
    return;
  }
  if (!HasNothingLeftToDo(*sweep)) {
    effects.status = NotEnded(sweep->sweep);
    return;
  }
  effects.reply = Describe(*sweep);
  v1::DeletedSweep& kept = deleted[sweep->sweep.name()];
  kept.set_name(sweep->sweep.name());
  for (const auto& [order, job] : sweep->jobs) {
    kept.set_last_attempt(std::max(kept.last_attempt(), job->job.attempt()));
  }
  SetTime(now, *kept.mutable_delete_time());
  deletions.push_back(kept);
  Forget(*sweep);
}

// Of a sweep without work: no queue and no worker knows its jobs any more.
void Scheduler::State::Forget(SweepEntry& sweep) {
  for (auto& [order, job] : sweep.jobs) job_by_name.erase(job->job.name());
  touched.erase(sweep.key);
  sweep_by_id.erase(sweep.key.second);
  const Appointment key = sweep.key;
  sweeps.erase(key);
}

uint64_t Scheduler::State::LastAttemptBefore(const SweepEntry& sweep) const {
  const auto found = deleted.find(sweep.sweep.name());
  return found == deleted.end() ? 0 : found->second.last_attempt();
}

}  // namespace rnnfarm::scheduler
