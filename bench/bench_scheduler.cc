// How many jobs and workers the scheduler's core bears: whole populations, submitted, handed out,
// reported and compared, event by event, on one thread, without disk and network. The cost of an
// event of each kind is told for populations that grow tenfold, beside how the logarithm grows.
#include <malloc.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/command_line.h"
#include "bench/figures.h"
#include "bench/scheduler_farm.h"

namespace rnnfarm::bench {
namespace {

constexpr char kUsage[] =
    "How many jobs and workers the scheduler's core bears: microseconds an event of each kind, "
    "for\n"
    "populations that grow tenfold, on one thread, without disk and network.\n"
    "usage: bench_scheduler [--quick] [--json FILE] [--jobs 1000000]\n"
    "  --quick      up to 10,000 jobs: ends within a minute\n"
    "  --json FILE  writes the figures there too\n"
    "  --jobs N     of the largest population, 1,000 at least\n"
    "example: bench_scheduler --quick --json scheduler.json\n";

constexpr int kLeastJobs = 1000, kMostJobs = 1'000'000, kQuickJobs = 10'000;
// Small populations are gone through again until so much was measured.
constexpr double kLeastSeconds = 1;
constexpr double kSecondsAllowed = 60;

double PeakGigabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024e-9;
}

struct Size {
  int64_t jobs = 0;
  Costs costs;
  double seconds = 0;  // of one population

  // Over events of all kinds.
  Cost Mean() const {
    Cost mean;
    for (const Cost& cost : costs) {
      mean.events += cost.events;
      mean.seconds += cost.seconds;
    }
    return mean;
  }
};

absl::Status Measure(Size& size) {
  double measured = 0;
  while (measured < kLeastSeconds) {
    malloc_trim(0);  // each population asks the system for its memory, small ones too
    if (auto status = RunFarm(size.jobs, size.costs); !status.ok()) return status;
    size.seconds = size.Mean().seconds - measured;
    measured += size.seconds;
  }
  return absl::OkStatus();
}

void PrintSize(const Size& size, std::vector<Figure>& figures) {
  std::printf("%9ld %8ld %8.2f", size.jobs, size.jobs / kJobsPerWorker, size.seconds);
  for (const Cost& cost : size.costs) std::printf(" %13.2f", cost.Microseconds());
  std::printf(" %8.2f %8.2f\n", size.Mean().Microseconds(), PeakGigabytes());
  std::fflush(stdout);
  figures.push_back({absl::StrCat(size.jobs, " jobs"), size.seconds, "s"});
  for (int kind = 0; kind < kKinds; ++kind) {
    figures.push_back({absl::StrCat(size.jobs, " jobs, ", kKindNames[kind]),
                       size.costs[kind].Microseconds(), "us"});
  }
  figures.push_back(
      {absl::StrCat(size.jobs, " jobs, any event"), size.Mean().Microseconds(), "us"});
}

double LogGrowth(const Size& from, const Size& to) {
  return std::log(to.jobs) / std::log(from.jobs);
}
double Growth(const Size& from, const Size& to) {
  return to.Mean().Microseconds() / from.Mean().Microseconds();
}

// What the logarithm grows by from one population to a larger one, and the cost of each event.
void PrintGrowth(const Size& from, const Size& to, std::vector<Figure>& figures) {
  const std::string label = absl::StrCat("x to ", to.jobs);
  std::printf("%9ld %17s", from.jobs, label.c_str());
  for (int kind = 0; kind < kKinds; ++kind) {
    const double growth = to.costs[kind].Microseconds() / from.costs[kind].Microseconds();
    std::printf(" %13.2f", growth);
    figures.push_back(
        {absl::StrCat("growth from ", from.jobs, " to ", to.jobs, " jobs, ", kKindNames[kind]),
         growth, "x"});
  }
  std::printf(" %8.2f; log n %.2f\n", Growth(from, to), LogGrowth(from, to));
}

absl::Status Print(const CommandLine& line, std::vector<Figure>& figures) {
  const int64_t most = line.NumberOr("--jobs", line.quick ? kQuickJobs : kMostJobs);
  std::printf("%9s %8s %8s", "jobs", "workers", "s");
  for (const char* kind : kKindNames) std::printf(" %10s us", kind);
  std::printf(" %8s %8s\n", "us/event", "peak GB");
  std::vector<Size> sizes;
  for (int64_t jobs = kLeastJobs; jobs <= most; jobs *= 10) {
    sizes.push_back({jobs, {}, 0});
    if (auto status = Measure(sizes.back()); !status.ok()) return status;
    PrintSize(sizes.back(), figures);
  }
  std::printf("\n");
  for (size_t i = 1; i < sizes.size(); ++i) PrintGrowth(sizes[i - 1], sizes[i], figures);
  const Size &least = sizes.front(), &largest = sizes.back();
  if (sizes.size() > 2) PrintGrowth(least, largest, figures);
  std::printf("\nan event costs %.2f times as much; no more than log n, %.2f: %s\n",
              Growth(least, largest), LogGrowth(least, largest),
              Judge(Growth(least, largest) <= LogGrowth(least, largest)));
  if (largest.jobs >= kMostJobs) {
    std::printf("a million jobs within %.0f s: %s\n", kSecondsAllowed,
                Judge(largest.seconds <= kSecondsAllowed));
  }
  figures.push_back({"peak memory", PeakGigabytes(), "GB"});
  return absl::OkStatus();
}

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  using namespace rnnfarm::bench;
  CommandLine line;
  line.numbers["--jobs"].least = kLeastJobs;
  return RunBenchmark("bench_scheduler", kUsage, argc, argv, line, Print);
}
