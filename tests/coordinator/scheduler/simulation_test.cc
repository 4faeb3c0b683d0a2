// Sweeps under a storm, from a seed: messages lost, repeated and late, workers that die, sleep past
// their leases and come back, a coordinator that dies before and after it wrote. A seed that fails
// fails again.
#include <deque>
#include <map>
#include <set>

#include "base/digest.h"
#include "base/random_stream.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int kStormSteps = 400;
constexpr int kWorkers = 4;
// A calm farm of this size is done far sooner; a stuck job would never be.
constexpr int kMostCalmSteps = 400;

v1::SweepSpec StormSweep() {
  return ParseSweep(R"(
      name: "small" base_seed: 3
      task { name: "flipflop" flip_flop {} }
      task { name: "sine" sine_wave {} }
      grid { architecture: ["gru", "lstm"] activation: "tanh" units: 16 l2: [1e-5, 1e-3] }
      seeds { count: 2 }
      search { trials_per_config: 4 rungs: 2 }
      training { keep_untrained: true }
      hyperparameters { architecture: "lstm" l2: 1e-3
                        learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 })");
}

// Some jobs diverge, and always the same ones.
bool Diverges(const v1::JobSpec& spec) {
  if (spec.kind() != v1::JOB_KIND_SEARCH && spec.kind() != v1::JOB_KIND_TRAIN) return false;
  return base::DigestOf(spec.stream_key())[0] < '3';
}

v1::JobReport TrueResult(const v1::Lease& lease) {
  return Diverges(lease.spec()) ? Farm::Diverged(lease) : Farm::Result(lease);
}

struct SimulatedWorker {
  std::string name;
  std::map<std::string, v1::Lease> held;  // by job
  std::deque<v1::JobReport> unanswered;   // reported until an answer arrives
  int sleeps = 0;                         // steps
};

class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(base::DeriveStream(seed, "storm", "events")) {
    Options options;
    options.max_lost_leases = 1'000'000;  // so that a storm ends like a calm
    options.speculate_factor = 1;
    options.speculate_after = absl::Seconds(10);
    farm_ = std::make_unique<Farm>(options);
    for (int i = 0; i < kWorkers; ++i) workers_.push_back({absl::StrCat("w", i), {}, {}, 0});
  }

  void Run() {
    farm_->Submit(StormSweep());
    for (int step = 0; step < kStormSteps; ++step) Step();
    faults_ = false;
    farm_->Apply(ResumeSweep{"sweeps/small"});
    for (SimulatedWorker& worker : workers_) worker.sleeps = 0;
    for (int step = 0; step < kMostCalmSteps && !Ended(); ++step) {
      Pass(absl::Seconds(5));
      for (SimulatedWorker& worker : workers_) Talk(worker);
    }
    EXPECT_TRUE(Ended()) << "stuck: " << farm_->Sweep().ShortDebugString();
  }

  const Farm& farm() const { return *farm_; }
  // Faults that really happened, so that a storm cannot silently become a calm.
  std::map<std::string, int> faults;

 private:
  bool Chance(double p) { return faults_ && random_.Uniform() < p; }

  bool Ended() const {
    const v1::SweepState state = farm_->Sweep().state();
    return state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED;
  }

  void Step() {
    Pass(absl::Milliseconds(random_.Below(Chance(0.05) ? 90'000 : 8'000)));
    SimulatedWorker& worker = workers_[random_.Below(kWorkers)];
    if (worker.sleeps > 0) {
      --worker.sleeps;
    } else {
      Talk(worker);
    }
    if (Chance(0.02)) Restart("coordinator died");
    if (Chance(0.02)) {
      ++faults["worker died"];
      worker = {Chance(0.5) ? worker.name : absl::StrCat("w", next_name_++), {}, {}, 0};
    }
    if (Chance(0.03)) worker.sleeps = random_.Below(20);
    if (Chance(0.01)) farm_->Apply(PauseSweep{"sweeps/small"});
    if (Chance(0.1)) farm_->Apply(ResumeSweep{"sweeps/small"});
    if (Chance(0.05) && !late_.empty()) {  // a request that was on its way for long
      ++faults["request late"];
      Deliver(late_[random_.Below(late_.size())]);
    }
  }

  void Restart(const std::string& why) {
    ++faults[why];
    farm_->Restart();
  }

  void Pass(absl::Duration time) {
    farm_->now += time;
    Check(farm_->Apply(Tick{}));
  }

  // The worker computes a while, then says what is; any part of the conversation may be lost.
  void Talk(SimulatedWorker& worker) {
    Work(worker);
    v1::SyncRequest request = Farm::Request(worker.name, 6 - static_cast<int>(worker.held.size()));
    for (const auto& [job, lease] : worker.held) {
      v1::HeldLease& held = *request.add_held();
      held.set_job(job);
      held.set_attempt(lease.attempt());
    }
    for (const v1::JobReport& report : worker.unanswered) *request.add_reports() = report;
    late_.push_back(request);
    if (Chance(0.1)) {
      ++faults["request lost"];
      return;
    }
    if (Chance(0.02)) {  // decided, but dead before it was written
      farm_->scheduler->Apply(Sync{request}, farm_->now);
      return Restart("died before writing");
    }
    if (Chance(0.05)) {
      ++faults["request repeated"];
      Deliver(request);
    }
    const v1::SyncResponse response = Deliver(request);
    if (Chance(0.1)) {
      ++faults["response lost"];
      return;
    }
    worker.unanswered.clear();
    for (const std::string& job : response.dropped()) worker.held.erase(job);
    for (const v1::Lease& lease : response.leases()) worker.held[lease.job()] = lease;
  }

  void Work(SimulatedWorker& worker) {
    for (auto held = worker.held.begin(); held != worker.held.end();) {
      const v1::Lease& lease = held->second;
      const double what = random_.Uniform();
      const bool ends = what < 0.4;
      if (ends) {
        const bool fails = Chance(0.1);
        faults["machine failed"] += fails ? 1 : 0;
        worker.unanswered.push_back(fails ? Farm::Error(lease, "disk full", true)
                                          : TrueResult(lease));
        true_attempts_[lease.job()].insert({worker.name, lease.attempt()});
      } else if (what < 0.6 && lease.spec().kind() == v1::JOB_KIND_TRAIN) {
        worker.unanswered.push_back(Farm::Checkpoint(lease, ++iteration_));
      }
      held = ends ? worker.held.erase(held) : std::next(held);
    }
  }

  v1::SyncResponse Deliver(const v1::SyncRequest& request) {
    const bool has_work = farm_->scheduler->HasWorkFor(request, farm_->now);
    Effects effects = farm_->Apply(Sync{request});
    Check(effects);
    auto response = std::get<v1::SyncResponse>(effects.reply);
    EXPECT_EQ(response.outcomes_size(), request.reports_size());
    if (has_work && request.reports().empty()) {
      EXPECT_FALSE(response.leases().empty()) << "a parked call would be woken for nothing";
    }
    for (const v1::Lease& lease : response.leases()) {
      if (lease.speculative()) ++faults["leased twice"];
    }
    for (const v1::ReportOutcome& outcome : response.outcomes()) {
      if (outcome.code() == "ABORTED") ++faults["stale report refused"];
    }
    return response;
  }

  // Every write is held against what must be true at any time.
  void Check(const Effects& effects) {
    EXPECT_TRUE(effects.status.ok()) << effects.status;
    for (const Record& record : effects.writes) {
      const auto* job = std::get_if<v1::Job>(&record);
      if (job == nullptr) continue;
      EXPECT_GE(job->attempt(), last_attempt_[job->name()]) << job->name();
      last_attempt_[job->name()] = job->attempt();
      const bool committed =
          job->state() == v1::JOB_STATE_SUCCEEDED || job->state() == v1::JOB_STATE_DIVERGED;
      if (!committed) {
        EXPECT_EQ(committed_.count(job->name()), 0) << job->name() << " left its result";
        continue;
      }
      EXPECT_TRUE(committed_.insert(job->name()).second) << job->name() << " committed twice";
      CheckWinner(*job);
      if (job->kind() == v1::JOB_KIND_COMPARE) CheckIsLast(job->task());
    }
  }

  // One live attempt alone has the result, and really had it.
  void CheckWinner(const v1::Job& job) {
    int winners = 0;
    for (const v1::Attempt& attempt : job.attempts()) {
      EXPECT_NE(attempt.outcome(), "") << job.name() << " has ended, yet an attempt goes on";
      if (attempt.outcome() != "succeeded" && attempt.outcome() != "diverged") continue;
      ++winners;
      const std::string worker = attempt.worker().substr(attempt.worker().find('/') + 1);
      EXPECT_TRUE(true_attempts_[job.name()].contains({worker, attempt.attempt()}))
          << job.name() << " has a result that its attempt never had";
    }
    EXPECT_EQ(winners, 1) << job.name();
  }

  void CheckIsLast(const std::string& task) {
    for (const v1::Job* job : farm_->scheduler->JobsOf("small")) {
      if (job->task() != task) continue;
      EXPECT_NE(job->state(), v1::JOB_STATE_PENDING) << job->name();
      EXPECT_NE(job->state(), v1::JOB_STATE_LEASED) << job->name();
    }
  }

  base::RandomStream random_;
  std::unique_ptr<Farm> farm_;
  std::vector<SimulatedWorker> workers_;
  std::vector<v1::SyncRequest> late_;
  std::set<std::string> committed_;
  std::map<std::string, uint64_t> last_attempt_;
  std::map<std::string, std::set<std::pair<std::string, uint64_t>>> true_attempts_;
  int64_t iteration_ = 0;
  int next_name_ = 100;
  bool faults_ = true;
};

// What a farm ends with when nothing ever fails.
const Farm& Calm() {
  static const Farm& farm = *[] {
    auto* calm = new Farm;
    calm->Submit(StormSweep());
    while (true) {
      const v1::SyncResponse response = calm->Sync("calm", 1000);
      if (response.leases().empty()) return calm;
      for (const v1::Lease& lease : response.leases()) calm->Report("calm", TrueResult(lease));
    }
  }();
  return farm;
}

template <typename Records>
void ExpectSame(const Records& storm, const Records& calm) {
  ASSERT_EQ(storm.size(), calm.size());
  for (const auto& [name, record] : calm) {
    ASSERT_TRUE(storm.contains(name)) << name;
    EXPECT_TRUE(MessageDifferencer::Equals(storm.at(name), record))
        << storm.at(name).DebugString() << record.DebugString();
  }
}

std::map<std::string, std::string> Artifacts(const v1::Job& job) {
  return {job.artifacts().begin(), job.artifacts().end()};
}

class Simulation : public testing::TestWithParam<uint64_t> {};

TEST_P(Simulation, AStormEndsLikeACalm) {
  Storm storm(GetParam());
  storm.Run();
  ExpectSame(storm.farm().networks, Calm().networks);
  ExpectSame(storm.farm().configurations, Calm().configurations);
  ASSERT_EQ(storm.farm().jobs.size(), Calm().jobs.size());
  for (const auto& [name, calm] : Calm().jobs) {
    const v1::Job& job = storm.farm().jobs.at(name);
    EXPECT_EQ(job.state(), calm.state()) << name;
    EXPECT_EQ(Artifacts(job), Artifacts(calm)) << name;
  }
  // The records are all there is: a scheduler that starts from them sees the same.
  Farm again = Farm();
  again.sweeps = storm.farm().sweeps;
  again.configurations = storm.farm().configurations;
  again.networks = storm.farm().networks;
  again.jobs = storm.farm().jobs;
  again.Restart();
  EXPECT_TRUE(MessageDifferencer::Equals(again.Sweep(), storm.farm().Sweep()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, testing::Range<uint64_t>(0, 100));

TEST(SimulationItself, HasEveryFault) {
  std::map<std::string, int> faults;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Storm storm(seed);
    storm.Run();
    for (const auto& [fault, times] : storm.faults) faults[fault] += times;
  }
  for (const char* fault : {"coordinator died", "worker died", "request late", "request lost",
                            "died before writing", "request repeated", "response lost",
                            "machine failed", "stale report refused", "leased twice"}) {
    EXPECT_GT(faults[fault], 0) << fault;
  }
}

TEST(SimulationItself, TheCalmHasEveryOutcome) {
  std::map<v1::JobState, int> states;
  std::map<v1::NetworkState, int> networks;
  for (const auto& [name, job] : Calm().jobs) ++states[job.state()];
  for (const auto& [name, network] : Calm().networks) ++networks[network.state()];
  EXPECT_GT(states[v1::JOB_STATE_SUCCEEDED], 0);
  EXPECT_GT(states[v1::JOB_STATE_DIVERGED], 0);
  EXPECT_GT(states[v1::JOB_STATE_CANCELLED], 0);
  EXPECT_GT(networks[v1::NETWORK_STATE_ANALYZED], 0);
  EXPECT_GT(networks[v1::NETWORK_STATE_DIVERGED], 0);
}

}  // namespace
}  // namespace rnnfarm::scheduler
