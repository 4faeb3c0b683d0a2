// Storms from seeds. A seed that fails fails again; it is then kept in seeds.txt. More of them, and
// their speed: scheduler_simulator --seeds=1000.
#include "tests/coordinator/simulator/simulation.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace rnnfarm::simulator {
namespace {

constexpr uint64_t kSeeds = 200;
constexpr char kCorpus[] = "tests/coordinator/simulator/seeds.txt";

std::vector<uint64_t> Corpus() {
  std::vector<uint64_t> seeds;
  std::ifstream file(kCorpus);
  EXPECT_TRUE(file.is_open()) << kCorpus << " is read from the source's root";
  for (std::string line; std::getline(file, line);) {
    uint64_t seed = 0;
    if (std::istringstream(line) >> seed) seeds.push_back(seed);
  }
  return seeds;
}

Outcome ExpectKept(uint64_t seed) {
  Outcome outcome = Simulate({.seed = seed});
  for (const std::string& complaint : outcome.complaints) {
    ADD_FAILURE() << "seed " << seed << ": " << complaint;
  }
  if (!outcome.complaints.empty()) return outcome;
  for (const std::string& difference : Differences(seed, outcome.records, Calm())) {
    ADD_FAILURE() << "seed " << seed << ": " << difference;
  }
  return outcome;
}

TEST(Simulation, SeedsThatOnceFailedDoNotFailAgain) {
  for (uint64_t seed : Corpus()) ExpectKept(seed);
}

TEST(Simulation, StormsKeepEveryPromiseAndHaveEveryFault) {
  Faults faults;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const auto& [fault, times] : ExpectKept(seed).faults) faults[fault] += times;
  }
  for (const char* fault : {"answer late",
                            "answer lost",
                            "answer repeated",
                            "clock stepped",
                            "coordinator killed",
                            "disk full",
                            "disk stalled",
                            "hanging job taken back",
                            "job failed",
                            "job hung",
                            "job slow",
                            "jobs retried",
                            "lease dropped",
                            "machine failed",
                            "networks reseeded",
                            "out of memory",
                            "power lost after commit",
                            "power lost before commit",
                            "power lost within a group",
                            "question late",
                            "question lost",
                            "question overtaken",
                            "question repeated",
                            "request late",
                            "request lost",
                            "request overtaken",
                            "request repeated",
                            "response late",
                            "response lost",
                            "response overtaken",
                            "response repeated",
                            "stale report refused",
                            "sweep cancelled",
                            "sweep deleted",
                            "sweep paused",
                            "sweep submitted again",
                            "worker cut off",
                            "worker died",
                            "worker drained",
                            "worker killed by a job",
                            "worker paused"}) {
    EXPECT_GT(faults[fault], 0) << fault;
  }
}

TEST(Simulation, TheSameSeedIsTheSameHistory) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Outcome once = Simulate({.seed = seed}), again = Simulate({.seed = seed});
    EXPECT_EQ(DigestOf(once.records), DigestOf(again.records)) << seed;
    EXPECT_EQ(once.faults, again.faults) << seed;
  }
}

TEST(Simulation, TheCalmHasEveryOutcome) {
  std::map<v1::JobState, int> jobs;
  std::map<v1::NetworkState, int> networks;
  for (const auto& [name, job] : Calm().jobs) ++jobs[job.state()];
  for (const auto& [name, network] : Calm().networks) ++networks[network.state()];
  EXPECT_GE(Calm().jobs.size(), 200);
  EXPECT_GT(jobs[v1::JOB_STATE_SUCCEEDED], 0);
  EXPECT_GT(jobs[v1::JOB_STATE_DIVERGED], 0);
  EXPECT_GT(jobs[v1::JOB_STATE_CANCELLED], 0);
  EXPECT_EQ(jobs[v1::JOB_STATE_FAILED] + jobs[v1::JOB_STATE_QUARANTINED], 0);
  EXPECT_GT(networks[v1::NETWORK_STATE_ANALYZED], 0);
  EXPECT_GT(networks[v1::NETWORK_STATE_DIVERGED], 0);
}

// A fault that is planted into the coordinator is found, wherever one begins to look.
class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsFoundInEachOfTenRuns) {
  constexpr uint64_t kRuns = 10, kSeedsOfARun = 20, kApart = 1000;
  for (uint64_t run = 0; run < kRuns; ++run) {
    bool found = false;
    for (uint64_t i = 0; i < kSeedsOfARun && !found; ++i) {
      found = !Simulate({.seed = run * kApart + i, .planted = GetParam()}).complaints.empty();
    }
    EXPECT_TRUE(found) << "run " << run;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PlantedFault,
                         testing::Values(Planted::kFenceOff, Planted::kNoSync,
                                         Planted::kNoAnswerCache, Planted::kNoExpiry));

}  // namespace
}  // namespace rnnfarm::simulator
