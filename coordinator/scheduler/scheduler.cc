#include "coordinator/scheduler/scheduler.h"

#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Records keep nanoseconds; a finer time would not survive a restart unchanged.
absl::Time Rounded(absl::Time time) { return absl::FromUnixNanos(absl::ToUnixNanos(time)); }

// "sweeps/flipflop" of "sweeps/flipflop/jobs/train-…".
absl::string_view SweepOf(absl::string_view name) {
  const size_t first = name.find('/');
  const size_t second = first == absl::string_view::npos ? first : name.find('/', first + 1);
  return name.substr(0, second);
}

}  // namespace

Scheduler::Scheduler(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Scheduler::~Scheduler() = default;

void Scheduler::Load(Record record) {
  State& state = *state_;
  const auto owner_of = [&](absl::string_view sweep, absl::string_view owned) {
    SweepEntry* owner = state.FindSweep(sweep);
    if (owner == nullptr) state.NoteOrphan(owned, sweep);
    return owner;
  };
  if (auto* sweep = std::get_if<v1::Sweep>(&record)) {
    state.AddSweep(std::move(*sweep));
  } else if (auto* configuration = std::get_if<v1::Configuration>(&record)) {
    SweepEntry* owner = owner_of(configuration->sweep(), configuration->key());
    if (owner != nullptr) state.AddConfiguration(*owner, std::move(*configuration));
  } else if (auto* network = std::get_if<v1::Network>(&record)) {
    SweepEntry* owner = owner_of(SweepOf(network->name()), network->name());
    if (owner != nullptr) state.AddNetwork(*owner, std::move(*network));
  } else if (auto* job = std::get_if<v1::Job>(&record)) {
    SweepEntry* owner = owner_of(SweepOf(job->name()), job->name());
    if (owner != nullptr) state.AddLoadedJob(*owner, std::move(*job));
  } else if (auto* worker = std::get_if<v1::Worker>(&record)) {
    state.AddDrainingWorker(std::move(*worker));
  } else if (auto* deleted = std::get_if<v1::DeletedSweep>(&record)) {
    state.deleted[deleted->name()] = std::move(*deleted);
  }
}

absl::Status Scheduler::FinishLoading(absl::Time now) {
  State& state = *state_;
  state.now = Rounded(now);
  for (const auto& [key, sweep] : state.sweeps) state.CheckLinks(*sweep);
  if (!state.load_error.ok()) return state.load_error;
  for (auto& [key, sweep] : state.sweeps) {
    state.Arrange(*sweep, population::Enumerate(sweep->sweep.spec()));
    for (auto& [order, job] : sweep->jobs) state.RestoreLeases(*job);
    state.EnqueueAll(*sweep);
  }
  state.AwaitDrainingWorkers();
  return absl::OkStatus();
}

Effects Scheduler::Apply(const Event& event, absl::Time now) {
  State& state = *state_;
  Effects effects;
  state.now = Rounded(now);
  state.work_appeared = false;
  state.PromoteDelayed();
  std::visit([&](const auto& each) { state.On(each, effects); }, event);
  state.Settle();
  state.TrustTheLast();
  state.TakeWrites(effects);
  effects.wake_idle = state.work_appeared;
  return effects;
}

bool Scheduler::HasWorkFor(const v1::SyncRequest& request, absl::Time now) const {
  return state_->HasWorkFor(request, Rounded(now));
}

}  // namespace rnnfarm::scheduler
