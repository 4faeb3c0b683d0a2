#include "tests/coordinator/simulator/worker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/simulator/fate.h"

namespace rnnfarm::simulator {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);  // until a request is sent again
constexpr absl::Duration kLongestJob = absl::Seconds(60), kShortestJob = absl::Seconds(5);
constexpr absl::Duration kJobTimeout = absl::Minutes(10);
constexpr absl::Duration kLongestPause = absl::Seconds(200), kShortestPause = absl::Seconds(20);
constexpr absl::Duration kLongestCut = absl::Seconds(150);
constexpr absl::Duration kLongestDowntime = absl::Seconds(40);
constexpr int kTimesSlower = 8;
constexpr int64_t kIterations = 1000;
// Chances of each waking.
constexpr double kDies = 0.006, kPauses = 0.008, kCut = 0.004, kKeepsCheckpoint = 0.3;
// Chances of each lease.
constexpr double kError = 0.04, kMachineError = 0.04, kHang = 0.015, kSlow = 0.03;
// Of each process.
constexpr double kFaulty = 0.04, kKeepsItsName = 0.5;

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace

Worker::Worker(World& world, Coordinator& coordinator, Judge& judge, uint64_t seed, int index)
    : world_(world), coordinator_(coordinator), judge_(judge), seed_(seed), index_(index) {
  name_ = compares() ? "workers/coordinator" : absl::StrCat("workers/w", index);
  WakeIn(world_.Between(absl::ZeroDuration(), absl::Seconds(5)));
}

int Worker::slots() const { return compares() ? 1 : 1 + index_ % 4; }

int64_t Worker::memory_bytes() const { return index_ % 3 == 0 ? 4 * kGiB : 16 * kGiB; }

void Worker::WakeIn(absl::Duration delay) {
  world_.After(delay, [this, life = life_] {
    if (life == life_) Wake();
  });
}

void Worker::Restart(absl::Duration downtime) {
  ++life_;
  held_.clear();
  unanswered_.clear();
  open_ = nullptr;
  draining_ = false;
  faulty_ = !compares() && world_.Chance(kFaulty);
  if (!compares() && !world_.Toss(kKeepsItsName)) {
    name_ = absl::StrCat("workers/w", index_, "-", life_);
  }
  WakeIn(downtime);
}

void Worker::Wake() {
  if (!compares() && Suffer()) return;
  if (!Work()) return;
  if (draining_) {
    for (auto& [name, job] : held_) {
      v1::JobReport report;
      report.set_job(name);
      report.set_attempt(job.lease.attempt());
      report.mutable_returned()->set_reason("drained");
      Say(std::move(report));
    }
    held_.clear();
  }
  Send();
  WakeIn(next_sync_ == absl::ZeroDuration() ? absl::Seconds(5) : next_sync_);
}

bool Worker::Suffer() {
  if (world_.Chance(kDies)) {
    world_.Count("worker died");
    Restart(world_.Between(absl::Seconds(1), kLongestDowntime));
    return true;
  }
  if (world_.Chance(kPauses)) {
    world_.Count("worker paused");
    WakeIn(world_.Between(kShortestPause, kLongestPause));
    return true;
  }
  if (world_.Chance(kCut)) {
    world_.Count("worker cut off");
    connected_ = world_.now() + world_.Between(kShortestPause, kLongestCut);
  }
  return false;
}

double Worker::Share(const Job& job) const {
  return std::min(1.0, absl::FDivDuration(world_.now() - job.began, job.ends - job.began));
}

// False if the worker dies of it.
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

v1::SyncRequest Worker::MakeRequest() {
  v1::SyncRequest request;
  request.set_request_id(absl::StrCat(name_, "/", life_, "/", next_request_++));
  request.set_worker(name_);
  v1::Capability& capability = *request.mutable_capability();
  capability.set_max_pack(4);
  capability.set_threads(4);
  capability.set_memory_bytes(memory_bytes());
  if (compares()) {
    capability.add_kind(v1::JOB_KIND_COMPARE);
  } else {
    for (auto kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
      capability.add_kind(kind);
    }
  }
  for (const auto& [name, job] : held_) {
    v1::HeldLease& held = *request.add_held();
    held.set_job(name);
    held.set_attempt(job.lease.attempt());
    v1::Progress& progress = *held.mutable_progress();
    const bool hangs = job.fate == Fate::kHang;
    progress.set_counter(job.counter);
    progress.set_iterations(kIterations);
    progress.set_iteration(hangs ? 0 : static_cast<int64_t>(kIterations * Share(job)));
    progress.set_iterations_per_second(
        hangs ? 0 : kIterations / absl::ToDoubleSeconds(job.ends - job.began));
  }
  for (const v1::JobReport& report : unanswered_) *request.add_reports() = report;
  request.set_draining(draining_);
  request.set_free_slots(draining_ ? 0 : slots() - static_cast<int>(held_.size()));
  return request;
}

// A request that got no answer is sent again as it was: the coordinator may have acted on it.
void Worker::Send() {
  if (open_ != nullptr && world_.now() - sent_ < kPatience) return;
  if (open_ == nullptr) open_ = std::make_shared<v1::SyncRequest>(MakeRequest());
  sent_ = world_.now();
  auto hear = [this, life = life_, id = open_->request_id()](const v1::SyncResponse& response) {
    if (life == life_ && open_ != nullptr && open_->request_id() == id) Hear(id, response);
  };
  if (compares()) {  // a call within the process
    return coordinator_.Receive(scheduler::Sync{*open_}, "", [hear](const auto& reply) {
      if (reply.ok()) hear(std::get<v1::SyncResponse>(*reply));
    });
  }
  if (world_.now() < connected_) return;
  world_.Carry("request", name_, [this, hear, request = open_] {
    coordinator_.Receive(scheduler::Sync{*request}, "", [this, hear](const auto& reply) {
      if (!reply.ok() || world_.now() < connected_) return;
      world_.Carry("response", name_ + "'s",
                   [hear, response = std::get<v1::SyncResponse>(*reply)] { hear(response); });
    });
  });
}

void Worker::Hear(const std::string&, const v1::SyncResponse& response) {
  const bool leaves = draining_ && open_->draining() && open_->held().empty();
  unanswered_.erase(unanswered_.begin(), unanswered_.begin() + open_->reports_size());
  open_ = nullptr;
  for (const v1::ReportOutcome& outcome : response.outcomes()) {
    if (outcome.code() == "ABORTED") world_.Count("stale report refused");
  }
  for (const std::string& name : response.dropped()) {
    const auto found = held_.find(name);
    if (found == held_.end()) continue;
    world_.Count(found->second.fate == Fate::kHang ? "hanging job taken back" : "lease dropped");
    held_.erase(found);
  }
  for (const v1::Lease& lease : response.leases()) Begin(lease);
  next_sync_ = FromProto(response.next_sync());
  if (response.drain() && !std::exchange(draining_, true)) world_.Count("worker drained");
  if (leaves && unanswered_.empty()) {
    Restart(world_.Between(absl::Seconds(1), kLongestDowntime));
  }
}

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

}  // namespace rnnfarm::simulator
