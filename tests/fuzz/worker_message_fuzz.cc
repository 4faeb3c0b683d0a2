// Any bytes as a worker's Sync, between those of an honest worker, against a farm with one small
// sweep. Steps: S a SyncRequest of any worker; H the honest worker syncs and ends what it holds;
// C it commits a checkpoint; T seconds pass; R the coordinator starts again from its records; D a
// person drains the honest worker; P pauses, G resumes the sweep.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <map>
#include <set>

#include "coordinator/service/sync_check.h"
#include "tests/coordinator/scheduler/farm.h"
#include "tests/fuzz/steps.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

constexpr size_t kMostSteps = 64;
constexpr char kHonest[] = "honest";

v1::SweepSpec SmallSweep() {
  return ParseSweep(R"(
      name: "small" base_seed: 3
      task { name: "flipflop" flip_flop {} }
      grid { architecture: ["gru", "lstm"] activation: "tanh" units: 16 l2: 1e-5 }
      seeds { count: 2 }
      search { trials_per_config: 2 rungs: 2 }
      training { keep_untrained: true }
      hyperparameters { architecture: "lstm"
                        learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 })");
}

bool IsCommitted(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_DIVERGED;
}

// Leases that a request has room for.
int64_t RoomOf(const v1::SyncRequest& request) {
  const int64_t pack = std::max(1, request.capability().max_pack());
  return std::max(0, request.free_slots()) + pack * std::max(0, request.free_packs());
}

class World {
 public:
  World() { Take(farm_.Submit(SmallSweep())); }

  void Do(const Step& step) {
    switch (step.letter) {
      case 'S':
        return Foreign(step.bytes);
      case 'H':
        return Honest();
      case 'C':
        return Checkpoint();
      case 'T':
        return Pass(step.bytes.empty() ? 1 : static_cast<uint8_t>(step.bytes[0]));
      case 'R':
        return Restart();
      case 'D':
        return Take(farm_.Apply(scheduler::DrainWorker{absl::StrCat("workers/", kHonest)}));
      case 'P':
        return Take(farm_.Apply(scheduler::PauseSweep{"sweeps/small"}));
      case 'G':
        return Take(farm_.Apply(scheduler::ResumeSweep{"sweeps/small"}));
      default:
        return;
    }
  }

  void Restart() {
    const std::map<std::string, std::string> before = Stored();
    farm_.Restart();
    Require(Stored() == before, "the records are all there is");
  }

 private:
  // As the edge takes it, but that the artifacts are there.
  void Foreign(absl::string_view bytes) {
    v1::SyncRequest request;
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    if (!service::CheckSync(request).ok()) return;
    service::DropComparing(request);
    for (v1::HeldLease& held : *request.mutable_held()) Aim(held);
    for (v1::JobReport& report : *request.mutable_reports()) Aim(report);
    Sync(request);
  }

  // A name of one letter stands for a lease that was granted, so that bytes can hit one.
  template <typename Message>
  void Aim(Message& message) {
    if (message.job().size() != 1 || granted_.empty()) return;
    const size_t which = static_cast<uint8_t>(message.job()[0]) % granted_.size();
    message.set_job(granted_[which].job());
    if (message.attempt() == 0) message.set_attempt(granted_[which].attempt());
  }

  void Honest() {
    v1::SyncRequest request = scheduler::Farm::Request(kHonest, 2);
    for (const auto& [job, lease] : held_) {
      *request.add_reports() = scheduler::Farm::Result(lease);
    }
    held_.clear();
    const v1::SyncResponse response = Sync(request);
    for (const v1::Lease& lease : response.leases()) held_[lease.job()] = lease;
  }

  void Checkpoint() {
    v1::SyncRequest request = scheduler::Farm::Request(kHonest, 0);
    for (const auto& [job, lease] : held_) {
      v1::HeldLease& held = *request.add_held();
      held.set_job(job);
      held.set_attempt(lease.attempt());
      *request.add_reports() = scheduler::Farm::Checkpoint(lease, ++iteration_);
    }
    const v1::SyncResponse response = Sync(request);
    for (const std::string& dropped : response.dropped()) held_.erase(dropped);
  }

  v1::SyncResponse Sync(const v1::SyncRequest& request) {
    farm_.scheduler->HasWorkFor(request, farm_.now);
    const scheduler::Effects effects = farm_.Apply(scheduler::Sync{request});
    Require(effects.status.ok(), "what passed the edge is answered");
    Take(effects);
    const auto response = std::get<v1::SyncResponse>(effects.reply);
    Require(response.outcomes_size() == request.reports_size(), "each report has its outcome");
    Require(response.leases_size() <= RoomOf(request), "no more leases than there is room for");
    const bool honest = request.worker() == absl::StrCat("workers/", kHonest);
    for (const v1::Lease& lease : response.leases()) {
      granted_.push_back(lease);
      Require(honest || lease.spec().kind() != v1::JOB_KIND_COMPARE,
              "only the store's own compare");
    }
    v1::SyncResponse sent;
    Require(sent.ParseFromString(response.SerializeAsString()), "an answer can be read");
    return response;
  }

  void Pass(int seconds) {
    farm_.now += absl::Seconds(seconds);
    Take(farm_.Apply(scheduler::Tick{}));
  }

  void Take(const scheduler::Effects& effects) {
    for (const scheduler::Record& record : effects.writes) {
      std::visit([](const auto& each) { CheckReadable(each); }, record);
      if (const auto* job = std::get_if<v1::Job>(&record)) CheckJob(*job);
    }
    farm_.scheduler->Workers();
    farm_.Sweep();
  }

  template <typename Message>
  static void CheckReadable(const Message& message) {
    Message read;
    Require(read.ParseFromString(message.SerializeAsString()), "a record can be read again");
  }

  void CheckJob(const v1::Job& job) {
    uint64_t& last = last_attempt_[job.name()];
    Require(job.attempt() >= last, "attempts grow");
    last = job.attempt();
    if (committed_.contains(job.name())) Require(IsCommitted(job), "a result is never lost");
    if (IsCommitted(job)) {
      Require(committed_.insert(job.name()).second, "a job has at most one result");
    }
  }

  // Without what is volatile.
  std::map<std::string, std::string> Stored() const {
    std::map<std::string, std::string> stored;
    for (const v1::Job* job : farm_.scheduler->JobsOf("small")) {
      v1::Job copy = *job;
      copy.clear_progress();
      stored[job->name()] = copy.DebugString();
    }
    for (const v1::Network* network : farm_.scheduler->NetworksOf("small")) {
      stored[network->name()] = network->DebugString();
    }
    for (const v1::Configuration* each : farm_.scheduler->ConfigurationsOf("small")) {
      stored[each->key()] = each->DebugString();
    }
    return stored;
  }

  scheduler::Farm farm_;
  std::map<std::string, v1::Lease> held_;
  std::vector<v1::Lease> granted_;
  std::map<std::string, uint64_t> last_attempt_;
  std::set<std::string> committed_;
  int64_t iteration_ = 0;
};

// A request of another worker that reports `report` of the first lease, with room for one more.
std::string ForeignStep(v1::JobReport report) {
  v1::SyncRequest request = scheduler::Farm::Request("foreign", 1);
  report.set_job("a");
  v1::HeldLease& held = *request.add_held();
  held.set_job("b");
  held.mutable_progress()->set_iteration(5);
  held.mutable_progress()->set_operations_per_second(1e9);
  *request.add_reports() = report;
  return EncodeStep('S', request.SerializeAsString());
}

}  // namespace

std::vector<std::string> Seeds() {
  v1::JobReport result, error, checkpoint, returned;
  (*result.mutable_result()->mutable_artifacts())["network"] = "n";
  (*result.mutable_result()->mutable_artifacts())["checkpoint"] = "c";
  result.mutable_result()->mutable_training()->set_validation_loss(0.5);
  result.mutable_result()->mutable_training()->set_zero_output_mse(1);
  error.mutable_error()->set_message("out of memory");
  error.mutable_error()->set_out_of_memory(true);
  error.mutable_error()->set_memory_bytes(1 << 30);
  checkpoint.mutable_checkpoint()->set_digest("d");
  returned.mutable_returned()->set_reason("drained");
  const std::string honest = EncodeStep('H');
  const std::string take =
      EncodeStep('S', scheduler::Farm::Request("foreign", 3).SerializeAsString());
  v1::SyncRequest packs = scheduler::Farm::Request("foreign", 1);
  packs.set_free_packs(1);
  const std::string take_packs = EncodeStep('S', packs.SerializeAsString());
  std::string ended;
  for (int i = 0; i < 24; ++i) ended += honest;
  return {
      take + ForeignStep(result) + ForeignStep(result) + EncodeStep('R') + honest + honest,
      take + ForeignStep(error) + EncodeStep('T', "\x10") + ForeignStep(error) + honest,
      honest + EncodeStep('C') + take + ForeignStep(checkpoint) + EncodeStep('T', "\x50") + honest,
      take + ForeignStep(returned) + EncodeStep('P') + honest + EncodeStep('G') + EncodeStep('D'),
      ended + ForeignStep(result) + EncodeStep('R') + ended,
      take_packs + ForeignStep(result) + take_packs + ForeignStep(error) + honest,
  };
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  testing::FLAGS_gtest_break_on_failure = true;
  // Broken bytes are the rule here.
  static const google::protobuf::LogSilencer silent;
  fuzz::World world;
  for (const fuzz::Step& step : fuzz::DecodeSteps(fuzz::AsView(data, size), fuzz::kMostSteps)) {
    world.Do(step);
  }
  world.Restart();
  return 0;
}
