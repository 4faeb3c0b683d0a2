// A scheduler with the records that it has written and a clock that tests turn: what the service
// is around it, without a disk. Restart() goes through the written records alone.
#ifndef RNNFARM_TESTS_COORDINATOR_SCHEDULER_FARM_H_
#define RNNFARM_TESTS_COORDINATOR_SCHEDULER_FARM_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "coordinator/scheduler/scheduler.h"
#include "gtest/gtest.h"
#include "tests/coordinator/population/sweep_text.h"

namespace rnnfarm::scheduler {

class Farm {
 public:
  explicit Farm(Options given = {}) : options(given) {
    scheduler = std::make_unique<Scheduler>(options);
  }

  Effects Apply(const Event& event) {
    Effects effects = scheduler->Apply(event, now);
    for (const Record& record : effects.writes) Write(record);
    for (const NewJobEvent& event : effects.events) {
      EXPECT_EQ(event.number, logs[event.job].size()) << event.job << " has a gap in its log";
      logs[event.job].push_back(event.event);
      EXPECT_EQ(jobs[event.job].event_count(), scheduler->FindJob(event.job)->event_count());
    }
    return effects;
  }

  // The coordinator dies; what it wrote is what the next one knows.
  void Restart() {
    scheduler = std::make_unique<Scheduler>(options);
    for (const auto& [key, record] : sweeps) scheduler->Load(record);
    for (const auto& [key, record] : configurations) scheduler->Load(record);
    for (const auto& [key, record] : networks) scheduler->Load(record);
    for (const auto& [key, record] : jobs) scheduler->Load(record);
    for (const auto& [key, record] : workers) scheduler->Load(record);
    for (const auto& [key, record] : deleted) scheduler->Load(record);
    const absl::Status loaded = scheduler->FinishLoading(now);
    EXPECT_TRUE(loaded.ok()) << loaded;
  }

  Effects Submit(const v1::SweepSpec& spec, bool extend = false, bool validate_only = false) {
    scheduler::Submit submit;
    *submit.request.mutable_spec() = spec;
    submit.request.set_extend(extend);
    submit.request.set_validate_only(validate_only);
    return Apply(submit);
  }

  // A request of a worker that can do everything that leaves the coordinator, and compare.
  static v1::SyncRequest Request(const std::string& worker, int free_slots, int max_pack = 8) {
    v1::SyncRequest request;
    request.set_worker("workers/" + worker);
    request.set_free_slots(free_slots);
    v1::Capability& capability = *request.mutable_capability();
    capability.set_max_pack(max_pack);
    for (v1::JobKind kind :
         {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE, v1::JOB_KIND_COMPARE}) {
      capability.add_kind(kind);
    }
    return request;
  }

  // The same of a worker of so much memory.
  static v1::SyncRequest WithMemory(const std::string& worker, int free_slots, int64_t bytes) {
    v1::SyncRequest request = Request(worker, free_slots);
    request.mutable_capability()->set_memory_bytes(bytes);
    return request;
  }

  static void Hold(const v1::Lease& lease, v1::SyncRequest& request, uint64_t counter = 0) {
    v1::HeldLease& held = *request.add_held();
    held.set_job(lease.job());
    held.set_attempt(lease.attempt());
    held.mutable_progress()->set_counter(counter);
  }

  v1::SyncResponse Sync(const v1::SyncRequest& request) {
    const Effects effects = Apply(scheduler::Sync{request});
    EXPECT_TRUE(effects.status.ok()) << effects.status;
    return std::get<v1::SyncResponse>(effects.reply);
  }

  v1::SyncResponse Sync(const std::string& worker, int free_slots, int max_pack = 8) {
    return Sync(Request(worker, free_slots, max_pack));
  }

  // By a worker that says of itself what is in the request.
  v1::ReportOutcome Report(v1::SyncRequest request, const v1::JobReport& report) {
    request.set_free_slots(0);
    *request.add_reports() = report;
    return Sync(request).outcomes(0);
  }
  v1::ReportOutcome Report(const std::string& worker, const v1::JobReport& report) {
    return Report(Request(worker, 0), report);
  }

  // What a sound worker would report of the lease: a function of what the job is, never of who did
  // it or when.
  static v1::JobReport Result(const v1::Lease& lease) {
    v1::JobReport report;
    report.set_job(lease.job());
    report.set_attempt(lease.attempt());
    v1::JobResult& result = *report.mutable_result();
    const v1::JobSpec& spec = lease.spec();
    auto& artifacts = *result.mutable_artifacts();
    const std::string of = absl::StrCat(spec.stream_key(), "@", spec.until_iteration());
    switch (spec.kind()) {
      case v1::JOB_KIND_SEARCH:
        artifacts["checkpoint"] = "checkpoint " + of;
        result.mutable_training()->set_validation_loss(spec.hyperparameters().learning_rate());
        result.mutable_training()->set_iterations(spec.until_iteration());
        break;
      case v1::JOB_KIND_TRAIN:
        artifacts["network"] = "network " + of;
        artifacts["checkpoint"] = "checkpoint " + of;
        result.mutable_training()->set_iterations(spec.until_iteration());
        break;
      case v1::JOB_KIND_ANALYZE:
        artifacts["states"] = absl::StrCat("states ", of, spec.untrained());
        artifacts["fixed_points"] = absl::StrCat("points ", of, spec.untrained());
        result.mutable_fixed_points()->add_conditions()->set_unique(27);
        break;
      default:
        artifacts["distances/svcca.npy"] = "distances " + spec.task().name();
    }
    return report;
  }

  static v1::JobReport Diverged(const v1::Lease& lease) {
    v1::JobReport report = Result(lease);
    report.mutable_result()->set_diverged(true);
    report.mutable_result()->mutable_training()->set_diverged_at(17);
    report.mutable_result()->clear_artifacts();
    return report;
  }

  static v1::JobReport Error(const v1::Lease& lease, const std::string& message,
                             bool transient = false) {
    v1::JobReport report;
    report.set_job(lease.job());
    report.set_attempt(lease.attempt());
    report.mutable_error()->set_message(message);
    report.mutable_error()->set_transient(transient);
    return report;
  }

  static v1::JobReport Checkpoint(const v1::Lease& lease, int64_t iteration) {
    v1::JobReport report;
    report.set_job(lease.job());
    report.set_attempt(lease.attempt());
    report.mutable_checkpoint()->set_iteration(iteration);
    report.mutable_checkpoint()->set_digest(absl::StrCat("at ", iteration));
    return report;
  }

  // Does whatever there is until nothing can be leased.
  void Finish(const std::string& worker = "finisher") {
    while (true) {
      const v1::SyncResponse response = Sync(worker, 1000);
      if (response.leases().empty()) return;
      for (const v1::Lease& lease : response.leases()) {
        EXPECT_TRUE(Report(worker, Result(lease)).accepted());
      }
    }
  }

  const v1::Job& Job(const std::string& id, const std::string& sweep = "small") const {
    const v1::Job* job = scheduler->FindJob(absl::StrCat("sweeps/", sweep, "/jobs/", id));
    if (job == nullptr) ADD_FAILURE() << "no job " << id;
    static const v1::Job kNone;
    return job == nullptr ? kNone : *job;
  }
  // The job's story, an event a line.
  std::string Story(const std::string& id, const std::string& sweep = "small") const {
    std::string story;
    const auto log = logs.find(absl::StrCat("sweeps/", sweep, "/jobs/", id));
    if (log == logs.end()) return story;
    for (const v1::JobEvent& event : log->second) {
      absl::StrAppend(&story, v1::JobEventKind_Name(event.kind()).substr(15), " ", event.attempt(),
                      " ", event.worker(), ": ", event.text(), "\n");
    }
    return story;
  }
  const v1::Network& Network(const std::string& key, const std::string& sweep = "small") const {
    const v1::Network* network =
        scheduler->FindNetwork(absl::StrCat("sweeps/", sweep, "/networks/", key));
    if (network == nullptr) ADD_FAILURE() << "no network " << key;
    static const v1::Network kNone;
    return network == nullptr ? kNone : *network;
  }
  v1::Sweep Sweep(const std::string& id = "small") const {
    return scheduler->GetSweep("sweeps/" + id).value();
  }

  template <typename Records>
  static void EraseOf(const std::string& sweep, Records& records) {
    const auto first = records.lower_bound(sweep + "/");
    auto last = first;
    while (last != records.end() && last->first.rfind(sweep + "/", 0) == 0) ++last;
    records.erase(first, last);
  }

  void Write(const Record& record) {
    if (const auto* sweep = std::get_if<v1::Sweep>(&record)) {
      EXPECT_TRUE(sweep->stages().empty() && sweep->excluded().empty()) << "derived, yet stored";
      sweeps[sweep->name()] = *sweep;
    } else if (const auto* configuration = std::get_if<v1::Configuration>(&record)) {
      configurations[configuration->sweep() + "/" + configuration->key()] = *configuration;
    } else if (const auto* network = std::get_if<v1::Network>(&record)) {
      networks[network->name()] = *network;
    } else if (const auto* job = std::get_if<v1::Job>(&record)) {
      EXPECT_FALSE(job->has_progress()) << "volatile, yet stored";
      jobs[job->name()] = *job;
    } else if (const auto* worker = std::get_if<v1::Worker>(&record)) {
      workers.erase(worker->name());
      if (worker->state() == v1::WORKER_STATE_DRAINING) workers[worker->name()] = *worker;
    } else if (const auto* gone = std::get_if<v1::DeletedSweep>(&record)) {
      sweeps.erase(gone->name());
      EraseOf(gone->name(), configurations);
      EraseOf(gone->name(), networks);
      EraseOf(gone->name(), jobs);
      EraseOf(gone->name(), logs);
      deleted[gone->name()] = *gone;
    }
  }

  Options options;
  absl::Time now = absl::FromUnixSeconds(1'000'000);
  std::unique_ptr<Scheduler> scheduler;
  std::map<std::string, v1::Sweep> sweeps;
  std::map<std::string, v1::Configuration> configurations;
  std::map<std::string, v1::Network> networks;
  std::map<std::string, v1::Job> jobs;
  std::map<std::string, v1::Worker> workers;  // asked to drain
  std::map<std::string, v1::DeletedSweep> deleted;
  std::map<std::string, std::vector<v1::JobEvent>> logs;
};

inline constexpr char kKey[] = "flipflop-gru-tanh-16-l2_1e-05";

// kSmallSweep with hyperparameters known beforehand: training begins at once.
inline v1::SweepSpec KnownSweep(const std::string& merge = "") {
  v1::SweepSpec spec = ParseSweep(kSmallSweep);
  spec.MergeFrom(ParseSweep(
      "hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }" + merge));
  return spec;
}

// kSmallSweep with a search of 8 draws in 3 rungs.
inline v1::SweepSpec SearchedSweep(const std::string& merge = "") {
  v1::SweepSpec spec = ParseSweep(kSmallSweep);
  spec.MergeFrom(ParseSweep("search { trials_per_config: 8 rungs: 3 }"));
  spec.MergeFrom(ParseSweep(merge));
  return spec;
}

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_TESTS_COORDINATOR_SCHEDULER_FARM_H_
