// What a simulated worker does with its jobs.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/simulator/fate.h"
#include "tests/coordinator/simulator/worker.h"

namespace rnnfarm::simulator {
namespace {

constexpr absl::Duration kLongestJob = absl::Seconds(60), kShortestJob = absl::Seconds(5);
constexpr absl::Duration kJobTimeout = absl::Minutes(10);
constexpr absl::Duration kLongestDowntime = absl::Seconds(40);
constexpr int kTimesSlower = 8;
constexpr int64_t kIterations = 1000;
// Chances of each waking.
constexpr double kKeepsCheckpoint = 0.3;
// Chances of each lease.
constexpr double kError = 0.04, kMachineError = 0.04, kHang = 0.015, kSlow = 0.03;

}  // namespace

Worker::Fate Worker::DrawFate(const v1::Lease& lease) {
  if (compares()) return Fate::kResult;
  if (IsPoison(seed_, lease.job())) return Fate::kKill;
  if (faulty_ && world_.has_faults()) return Fate::kMachineError;
  if (world_.has_faults() && MemoryNeeded(lease.spec()) > memory_bytes()) {
    world_.Count("out of memory");
    return Fate::kOutOfMemory;
  }
  if (world_.Chance(kError)) {
    world_.Count("job failed");
    return Fate::kError;
  }
  if (world_.Chance(kMachineError)) {
    world_.Count("machine failed");
    return Fate::kMachineError;
  }
  if (world_.Chance(kHang)) {
    world_.Count("job hung");
    return Fate::kHang;
  }
  return Fate::kResult;
}

void Worker::Begin(const v1::Lease& lease) {
  Job& job = held_[lease.job()];
  job.lease = lease;
  job.fate = DrawFate(lease);
  job.began = world_.now();
  absl::Duration takes = world_.Between(kShortestJob, kLongestJob);
  if (lease.speculative()) world_.Count("job speculated on");
  if (world_.Chance(kSlow)) {
    world_.Count("job slow");
    takes *= kTimesSlower;
  }
  if (job.fate == Fate::kHang) takes = kJobTimeout;
  job.ends = job.began + takes;
}

double Worker::Share(const Job& job) const {
  return std::min(1.0, absl::FDivDuration(world_.now() - job.began, job.ends - job.began));
}

bool Worker::Work() {
  std::vector<std::string> ended;
  for (auto& [name, job] : held_) {
    if (job.fate == Fate::kKill) {
      world_.Count("worker killed by a job");
      Restart(world_.Between(absl::Seconds(1), kLongestDowntime));
      return false;
    }
    if (job.fate != Fate::kHang) ++job.counter;
    if (world_.now() >= job.ends) {
      End(job);
      ended.push_back(name);
    } else if (job.lease.spec().kind() == v1::JOB_KIND_TRAIN && job.fate != Fate::kHang &&
               world_.Toss(kKeepsCheckpoint)) {
      KeepCheckpoint(job);
    }
  }
  for (const std::string& name : ended) held_.erase(name);
  return true;
}

void Worker::KeepCheckpoint(const Job& job) {
  v1::JobReport report;
  report.set_job(job.lease.job());
  report.set_attempt(job.lease.attempt());
  const auto iteration = static_cast<int64_t>(kIterations * Share(job));
  report.mutable_checkpoint()->set_iteration(iteration);
  report.mutable_checkpoint()->set_digest(
      absl::StrCat("state of ", job.lease.spec().stream_key(), "@", iteration));
  Say(std::move(report));
}

void Worker::End(const Job& job) {
  const v1::Lease& lease = job.lease;
  if (job.fate == Fate::kResult) {
    judge_.Made(lease.job(), lease.attempt(), name_);
    return Say(compares() ? Compare(lease) : ResultOf(lease));
  }
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  v1::JobError& error = *report.mutable_error();
  switch (job.fate) {
    case Fate::kOutOfMemory:
      error.set_message("out of memory");
      error.set_out_of_memory(true);
      error.set_memory_bytes(memory_bytes());
      break;
    case Fate::kMachineError:
      error.set_message("the disk is full");
      error.set_transient(true);
      break;
    default:
      error.set_message(job.fate == Fate::kHang ? "took longer than its timeout" : "a bad number");
  }
  Say(std::move(report));
}

v1::JobReport Worker::Compare(const v1::Lease& lease) const {
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  const std::string sweep = lease.job().substr(0, lease.job().find("/jobs/"));
  coordinator_.Read([&](const scheduler::Scheduler& scheduler) {
    (*report.mutable_result()->mutable_artifacts())[kDistances] =
        DistancesOf(lease.spec().task().name(), scheduler.NetworksOf(sweep));
  });
  return report;
}

v1::HeldLease Worker::Describe(const Job& job) const {
  v1::HeldLease held;
  held.set_job(job.lease.job());
  held.set_attempt(job.lease.attempt());
  v1::Progress& progress = *held.mutable_progress();
  const bool hangs = job.fate == Fate::kHang;
  progress.set_counter(job.counter);
  progress.set_iterations(kIterations);
  progress.set_iteration(hangs ? 0 : static_cast<int64_t>(kIterations * Share(job)));
  progress.set_iterations_per_second(
      hangs ? 0 : kIterations / absl::ToDoubleSeconds(job.ends - job.began));
  return held;
}

}  // namespace rnnfarm::simulator
