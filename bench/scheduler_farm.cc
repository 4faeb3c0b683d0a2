#include "bench/scheduler_farm.h"

#include <ctime>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduler.h"

namespace rnnfarm::bench {
namespace {

constexpr int kSlots = 4;
constexpr int kEventsPerTick = 100;
constexpr absl::Duration kBetweenSyncs = absl::Seconds(5);

double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

// Training and analysis of each network, but for the comparison; hyperparameters are known.
v1::SweepSpec Spec(int64_t jobs) {
  constexpr int kSeeds = 25;
  v1::SweepSpec spec;
  spec.set_name("large");
  v1::Task& task = *spec.add_task();
  task.set_name("flipflop");
  task.mutable_flip_flop();
  for (const char* architecture : {"vanilla", "ugrnn", "gru", "lstm"}) {
    spec.mutable_grid()->add_architecture(architecture);
  }
  spec.mutable_grid()->add_activation("tanh");
  for (int units : {16, 32, 64, 128, 256}) spec.mutable_grid()->add_units(units);
  spec.mutable_seeds()->set_count(kSeeds);
  const int64_t shapes = spec.grid().architecture_size() * spec.grid().units_size();
  for (int64_t i = 0; i < jobs / (2 * kSeeds * shapes); ++i) {
    spec.mutable_grid()->add_l2(1e-6 * (1 + i));
  }
  v1::KnownHyperparameters& known = *spec.add_hyperparameters();
  known.set_learning_rate(0.01);
  known.set_lr_decay(0.5);
  known.set_momentum(0.9);
  known.set_clip_norm(1);
  return spec;
}

v1::JobReport ResultOf(const v1::Lease& lease) {
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  v1::JobResult& result = *report.mutable_result();
  const std::string digest(64, 'a');
  auto& artifacts = *result.mutable_artifacts();
  if (lease.spec().kind() == v1::JOB_KIND_TRAIN) {
    artifacts["network"] = artifacts["checkpoint"] = digest;
    result.mutable_training()->set_iterations(lease.spec().until_iteration());
  } else if (lease.spec().kind() == v1::JOB_KIND_ANALYZE) {
    artifacts["states"] = artifacts["fixed_points"] = digest;
    result.mutable_fixed_points()->add_conditions()->set_unique(27);
  } else {
    artifacts["distances/svcca.npy"] = digest;
  }
  return report;
}

// A worker has kSlots jobs at a time and calls three times for them: for work, to say that it
// lives, and with the results.
class Farm {
 public:
  Farm(int64_t jobs, Costs& costs) : jobs_(jobs), costs_(costs), scheduler_({}) {
    for (int64_t i = 0; i < jobs / kJobsPerWorker; ++i) AddWorker(absl::StrCat("workers/w", i));
  }

  absl::Status Run() {
    scheduler::Submit submit;
    *submit.request.mutable_spec() = Spec(jobs_);
    const scheduler::Effects submitted = Apply(kSubmit, submit);
    if (!submitted.status.ok()) return submitted.status;
    costs_[kSubmit].events += jobs_ - 1;
    const absl::Duration step = kBetweenSyncs / (3.0 * workers_.size());
    for (bool granted = true; granted;) {
      granted = false;
      for (Worker& worker : workers_) granted = AskForWork(worker, step) || granted;
      for (Worker& worker : workers_) SayAlive(worker, step);
      for (Worker& worker : workers_) ReportResults(worker, step);
    }
    const v1::Sweep sweep = scheduler_.GetSweep("sweeps/large").value();
    if (sweep.state() == v1::SWEEP_STATE_SUCCEEDED) return absl::OkStatus();
    return absl::InternalError("the sweep is " + v1::SweepState_Name(sweep.state()));
  }

 private:
  struct Worker {
    v1::SyncRequest request;  // what is the same each time
    std::vector<v1::Lease> leases;
  };

  void AddWorker(const std::string& name) {
    Worker worker;
    worker.request.set_worker(name);
    v1::Capability& capability = *worker.request.mutable_capability();
    capability.set_max_pack(kSlots);
    capability.set_threads(kSlots);
    capability.set_memory_bytes(int64_t{16} << 30);
    for (auto kind : {v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE, v1::JOB_KIND_COMPARE}) {
      capability.add_kind(kind);
    }
    workers_.push_back(std::move(worker));
  }

  scheduler::Effects Apply(Kind kind, const scheduler::Event& event) {
    const double begin = ProcessorSeconds();
    scheduler::Effects effects = scheduler_.Apply(event, now_);
    costs_[kind].seconds += ProcessorSeconds() - begin;
    ++costs_[kind].events;
    return effects;
  }

  v1::SyncResponse Sync(Kind kind, const v1::SyncRequest& request, absl::Duration step) {
    now_ += step;
    if (++syncs_ % kEventsPerTick == 0) Apply(kTick, scheduler::Tick{});
    return std::get<v1::SyncResponse>(Apply(kind, scheduler::Sync{request}).reply);
  }

  bool AskForWork(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    request.set_free_slots(kSlots);
    const v1::SyncResponse response = Sync(kGrant, request, step);
    worker.leases.assign(response.leases().begin(), response.leases().end());
    return !worker.leases.empty();
  }

  void SayAlive(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    for (const v1::Lease& lease : worker.leases) {
      v1::HeldLease& held = *request.add_held();
      held.set_job(lease.job());
      held.set_attempt(lease.attempt());
      held.mutable_progress()->set_iteration(1);
      held.mutable_progress()->set_counter(1);
    }
    Sync(kHeartbeat, request, step);
  }

  void ReportResults(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    for (const v1::Lease& lease : worker.leases) *request.add_reports() = ResultOf(lease);
    Sync(kReport, request, step);
  }

  const int64_t jobs_;
  Costs& costs_;
  scheduler::Scheduler scheduler_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<Worker> workers_;
  int64_t syncs_ = 0;
};

}  // namespace

absl::Status RunFarm(int64_t jobs, Costs& costs) { return Farm(jobs, costs).Run(); }

}  // namespace rnnfarm::bench
