#include "tests/coordinator/simulator/worker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/simulator/fate.h"

namespace rnnfarm::simulator {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);  // until a request is sent again
constexpr absl::Duration kLongestPause = absl::Seconds(200), kShortestPause = absl::Seconds(20);
constexpr absl::Duration kLongestCut = absl::Seconds(150);
constexpr int kPack = 4, kPacks = 2;
constexpr absl::Duration kLongestDowntime = absl::Seconds(40);
// Chances of each waking.
constexpr double kDies = 0.006, kPauses = 0.008, kCut = 0.004;
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
  if (draining_) GiveBack();
  Send();
  WakeIn(next_sync_ == absl::ZeroDuration() ? absl::Seconds(5) : next_sync_);
}

void Worker::GiveBack() {
  for (const auto& [name, job] : held_) {
    v1::JobReport report;
    report.set_job(name);
    report.set_attempt(job.lease.attempt());
    report.mutable_returned()->set_reason("drained");
    Say(std::move(report));
  }
  held_.clear();
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

v1::SyncRequest Worker::MakeRequest() {
  v1::SyncRequest request;
  request.set_request_id(absl::StrCat(name_, "/", life_, "/", next_request_++));
  request.set_worker(name_);
  v1::Capability& capability = *request.mutable_capability();
  capability.set_max_pack(kPack);
  capability.set_threads(4);
  capability.set_memory_bytes(memory_bytes());
  if (compares()) {
    capability.add_kind(v1::JOB_KIND_COMPARE);
  } else {
    for (auto kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
      capability.add_kind(kind);
    }
  }
  for (const auto& [name, job] : held_) *request.add_held() = Describe(job);
  for (const v1::JobReport& report : unanswered_) *request.add_reports() = report;
  request.set_draining(draining_);
  SetRoom(request);
  return request;
}

void Worker::SetRoom(v1::SyncRequest& request) const {
  int trained = 0;
  for (const auto& [name, job] : held_) {
    const v1::JobKind kind = job.lease.spec().kind();
    trained += kind == v1::JOB_KIND_SEARCH || kind == v1::JOB_KIND_TRAIN;
  }
  const int others = static_cast<int>(held_.size()) - trained;
  if (!counts_packs()) {
    request.set_free_slots(draining_ ? 0 : slots() - trained - others);
    return;
  }
  request.set_free_slots(draining_ ? 0 : slots() - others);
  request.set_free_packs(draining_ ? 0 : std::max(0, kPacks - (trained + kPack - 1) / kPack));
}

// A request that got no answer is sent again as it was: the coordinator may have acted on it.
void Worker::Send() {
  if (open_ != nullptr && world_.now() - sent_ < kPatience) return;
  if (open_ == nullptr) {
    open_ = std::make_shared<const scheduler::Event>(scheduler::Sync{MakeRequest()});
  }
  sent_ = world_.now();
  auto hear = [this, life = life_, open = open_](const Coordinator::SharedReply& reply) {
    if (life == life_ && open_ == open) Hear(std::get<v1::SyncResponse>(**reply));
  };
  if (compares()) {  // a call within the process
    return coordinator_.Receive(open_, "", [hear](const auto& reply) {
      if (reply->ok()) hear(reply);
    });
  }
  if (world_.now() < connected_) return;
  world_.Carry("request", name_, [this, hear, open = open_] {
    coordinator_.Receive(open, "", [this, hear](const auto& reply) {
      if (!reply->ok() || world_.now() < connected_) return;
      world_.Carry("response", name_ + "'s", [hear, reply] { hear(reply); });
    });
  });
}

void Worker::Hear(const v1::SyncResponse& response) {
  const bool leaves = draining_ && open_request().draining() && open_request().held().empty();
  unanswered_.erase(unanswered_.begin(), unanswered_.begin() + open_request().reports_size());
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

}  // namespace rnnfarm::simulator
