// Runs storms from many seeds and tells how many went through it.
#include <glog/logging.h>
#include <sys/resource.h>

#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/coordinator/simulator/simulation.h"

namespace rnnfarm::simulator {
namespace {

constexpr char kUsage[] =
    "usage: scheduler_simulator [--seeds=1000] [--first_seed=0] [--plant=FAULT]\n"
    "  --plant  fence_off, no_sync, no_answer_cache or no_expiry: a fault of the coordinator that\n"
    "           has to be found; ends well when it was\n";

const std::map<std::string, Planted> kPlants = {{"", Planted::kNothing},
                                                {"fence_off", Planted::kFenceOff},
                                                {"no_sync", Planted::kNoSync},
                                                {"no_answer_cache", Planted::kNoAnswerCache},
                                                {"no_expiry", Planted::kNoExpiry}};

struct CommandLine {
  uint64_t first_seed = 0, seeds = 1000;
  std::string plant;
};

bool Parse(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    const std::pair<std::string, std::string> flag =
        absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
    if (flag.first == "--seeds" && absl::SimpleAtoi(flag.second, &line.seeds)) continue;
    if (flag.first == "--first_seed" && absl::SimpleAtoi(flag.second, &line.first_seed)) continue;
    line.plant = flag.second;
    if (flag.first != "--plant" || kPlants.count(flag.second) == 0) return false;
  }
  return true;
}

double ProcessorSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int Run(const CommandLine& line) {
  int64_t bad = 0, events = 0;
  Faults faults;
  uint64_t seeds = 0;
  const double begin = ProcessorSeconds();
  while (seeds < line.seeds && (bad == 0 || line.plant.empty())) {
    const uint64_t seed = line.first_seed + seeds++;
    const Outcome outcome = Simulate({.seed = seed, .planted = kPlants.at(line.plant)});
    std::vector<std::string> complaints = outcome.complaints;
    if (complaints.empty()) complaints = Differences(seed, outcome.records, Calm());
    for (const auto& [fault, times] : outcome.faults) faults[fault] += times;
    events += outcome.events;
    if (complaints.empty()) continue;
    ++bad;
    for (const std::string& complaint : complaints) {
      std::printf("seed %lu: %s\n", seed, complaint.c_str());
    }
  }
  const double seconds = ProcessorSeconds() - begin;
  std::printf("%lu seeds of %zu jobs, %ld requests applied, in %.1f s of one core: %.1f seeds/s\n",
              seeds, Calm().jobs.size(), events, seconds, seeds / seconds);
  for (const auto& [fault, times] : faults) std::printf("%10ld  %s\n", times, fault.c_str());
  std::printf("%ld seeds with a broken promise\n", bad);
  return (bad > 0) == line.plant.empty() ? 1 : 0;
}

}  // namespace
}  // namespace rnnfarm::simulator

int main(int argc, char** argv) {
  FLAGS_minloglevel = google::GLOG_FATAL;  // a disk that is full is no news here
  rnnfarm::simulator::CommandLine line;
  if (!rnnfarm::simulator::Parse(argc, argv, line)) {
    std::fputs(rnnfarm::simulator::kUsage, stderr);
    return 2;
  }
  return rnnfarm::simulator::Run(line);
}
