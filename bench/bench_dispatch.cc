// How many jobs end durably a second: workers on loopback lease jobs from the real coordinator
// program, one at a time, and report a result for each at once; a completion counts when it was
// acknowledged, hence synced. Beside it the rate at which the same records are committed to the
// same store with nothing before it; the restart after kill -9, which must find all that was
// acknowledged; what idle workers cost; and what it costs to list all jobs.
//
//   bench_dispatch [--quick] [--json FILE] [--store DIR] [--jobs N] [--idle N]

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "base/status_grpc.h"
#include "bench/command_line.h"
#include "bench/dispatch_coordinator.h"
#include "bench/dispatch_listing.h"
#include "bench/dispatch_store.h"
#include "bench/dispatch_sweep.h"
#include "bench/dispatch_workers.h"
#include "bench/figures.h"

namespace rnnfarm::bench {
namespace {

constexpr char kUsage[] =
    "How many jobs end durably a second with workers on loopback and the real coordinator, how\n"
    "long its restart takes after kill -9, what idle workers cost, and what a list of all jobs.\n"
    "usage: bench_dispatch [--quick] [--json FILE] [--store DIR] [--jobs 100000] [--idle 1000]\n"
    "  --quick      shorter windows: ends within a minute\n"
    "  --json FILE  writes the figures there too\n"
    "  --store DIR  where a folder for the stores is made and removed again; default: beside the\n"
    "               build\n"
    "  --jobs N     that the restart finds and the list shows\n"
    "  --idle N     workers that wait for work\n"
    "example: bench_dispatch --quick --store /var/tmp\n";

constexpr int kJobs = 100'000, kIdleWorkers = 1000;
constexpr int kWorkers[] = {1, 16, 64};
// Of the jobs, so that every row finds some.
constexpr int kMostInOneRow = 4;
constexpr absl::Duration kWarmUp = absl::Seconds(1);
// Connections are made, and all calls wait, before idle workers are measured.
constexpr absl::Duration kSettle = absl::Seconds(3);
constexpr size_t kRawBatches = 4096;
// Each idle worker holds a socket in both processes.
constexpr rlim_t kSpareFiles = 500;

constexpr double kCompletionsPerSecond = 2000, kRestartSeconds = 3, kIdleShare = 0.2;
constexpr double kListSeconds = 3, kListMegabytes = 200;

double OwnCpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return time.tv_sec + 1e-6 * time.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

absl::Status AllowFiles(rlim_t files) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= files) return absl::OkStatus();
  limit.rlim_cur = files;
  if (limit.rlim_max >= files && setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("needs ", files, " open files, above the limit; raise `ulimit -n`"));
}

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const size_t at = std::min(values.size() - 1, static_cast<size_t>(share * values.size()));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[at];
}

// The same stretch of time by the wall's clock and by both processes' use of the processor.
class Stretch {
 public:
  explicit Stretch(const CoordinatorChild& coordinator) : coordinator_(coordinator) {}
  double seconds() const { return absl::ToDoubleSeconds(absl::Now() - begin_); }
  double coordinator_cpu() const { return coordinator_.CpuSeconds() - coordinator_begin_; }
  double own_cpu() const { return OwnCpuSeconds() - own_begin_; }

 private:
  const CoordinatorChild& coordinator_;
  const absl::Time begin_ = absl::Now();
  const double coordinator_begin_ = coordinator_.CpuSeconds(), own_begin_ = OwnCpuSeconds();
};

struct Row {
  int workers = 0;
  double completions = 0;                   // a second
  double p50 = 0, p99 = 0;                  // of a Sync that reports, ms
  double coordinator_cpu = 0, own_cpu = 0;  // cores
};

class Table {
 public:
  explicit Table(const CommandLine& line)
      : line_(line),
        jobs_(line.NumberOr("--jobs", kJobs)),
        idle_(line.NumberOr("--idle", kIdleWorkers)) {
    const std::filesystem::path given = line.texts.at("--store");
    const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
    folder_ = std::filesystem::absolute(given.empty() ? beside : given) /
              absl::StrCat("bench_dispatch_", getpid());
  }
  ~Table() {
    coordinator_.reset();
    std::filesystem::remove_all(folder_);
  }

  absl::Status Print(std::vector<Figure>& figures) {
    figures_ = &figures;
    if (auto status = AllowFiles(idle_ + kSpareFiles); !status.ok()) return status;
    std::filesystem::create_directories(folder_);
    // Idle workers first: once networks are analysed, the coordinator compares ahead in its idle
    // time, a minute after its start at the earliest, which is no part of what is measured here.
    for (auto part : {&Table::Submit, &Table::Idle, &Table::Restart, &Table::DispatchAll,
                      &Table::CheckDurable, &Table::Restart, &Table::List, &Table::PrintRows}) {
      if (auto status = (this->*part)(); !status.ok()) return status;
    }
    PrintVerdicts();
    return absl::OkStatus();
  }

 private:
  absl::Duration Window(int quick_seconds, int seconds) const {
    return absl::Seconds(line_.quick ? quick_seconds : seconds);
  }
  void Tell(std::string name, double value, std::string unit) {
    figures_->push_back({std::move(name), value, std::move(unit)});
  }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                    const Request& request, Response* response) {
    auto farm = v1::FarmService::NewStub(base::MakeChannel(coordinator_->address()));
    grpc::ClientContext context;
    return base::FromGrpc((farm.get()->*method)(&context, request, response));
  }

  absl::Status Start() {
    coordinator_.reset();
    auto started = CoordinatorChild::Start(folder_.string());
    if (started.ok()) coordinator_ = *std::move(started);
    return started.status();
  }

  // After kill -9, with what was not yet moved out of the log.
  absl::Status Restart() {
    if (auto status = Start(); !status.ok()) return status;
    restart_ = std::max(restart_, coordinator_->seconds_to_serve());
    return absl::OkStatus();
  }

  absl::Status Submit() {
    if (auto status = Start(); !status.ok()) return status;
    auto artifacts = v1::ArtifactService::NewStub(base::MakeChannel(coordinator_->address()));
    auto results = SharedResults::Upload(*artifacts);
    if (!results.ok()) return results.status();
    results_ = *std::move(results);
    v1::SubmitSweepRequest request;
    *request.mutable_spec() = DispatchSweep(jobs_ / 2);
    v1::SubmitSweepResponse response;
    const absl::Time begin = absl::Now();
    auto status = Call(&v1::FarmService::Stub::SubmitSweep, request, &response);
    if (!status.ok()) return status;
    all_jobs_ = 2 * response.sweep().network_count() + 1;
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    std::printf(
        "%ld jobs submitted in %.2f s; store on %s; %u cores for coordinator and workers\n"
        "jobs of one small shape share the bytes of their artifacts: uploads are not measured\n\n",
        all_jobs_, seconds, FileSystemOf(folder_.string()).c_str(),
        std::thread::hardware_concurrency());
    Tell("submit", seconds, "s");
    return absl::OkStatus();
  }

  absl::Status Dispatch(int count) {
    SimulatedWorkers workers(coordinator_->address(), count, results_);
    workers.RunUntil(absl::Now() + kWarmUp);
    Tally warm = workers.TakeTally();
    accepted_.insert(accepted_.end(), warm.accepted.begin(), warm.accepted.end());
    if (!warm.failure.ok()) return warm.failure;
    const Stretch stretch(*coordinator_);
    workers.RunUntil(absl::Now() + Window(3, 6), jobs_ / kMostInOneRow);
    const double seconds = stretch.seconds();
    Tally tally = workers.TakeTally();
    accepted_.insert(accepted_.end(), tally.accepted.begin(), tally.accepted.end());
    if (!tally.failure.ok()) return tally.failure;
    rows_.push_back({count, tally.accepted.size() / seconds, Quantile(tally.sync_milliseconds, 0.5),
                     Quantile(tally.sync_milliseconds, 0.99), stretch.coordinator_cpu() / seconds,
                     stretch.own_cpu() / seconds});
    return absl::OkStatus();
  }

  absl::Status DispatchAll() {
    v1::ResumeSweepRequest request;
    request.set_name(kSweep);
    v1::ResumeSweepResponse response;
    auto status = Call(&v1::FarmService::Stub::ResumeSweep, request, &response);
    for (int workers : kWorkers) {
      if (status.ok()) status = Dispatch(workers);
    }
    return status;
  }

  absl::Status CheckDurable() {
    coordinator_->Kill();
    auto completions = CheckedCompletions((folder_ / "store").string(), accepted_, kRawBatches);
    if (completions.ok()) completions_ = *std::move(completions);
    return completions.status();
  }

  // Nothing can be leased while the sweep is paused.
  absl::Status Idle() {
    v1::PauseSweepRequest request;
    request.set_name(kSweep);
    v1::PauseSweepResponse response;
    auto status = Call(&v1::FarmService::Stub::PauseSweep, request, &response);
    if (!status.ok()) return status;
    SimulatedWorkers workers(coordinator_->address(), idle_, results_);
    workers.RunUntil(absl::Now() + kSettle);
    if (Tally first = workers.TakeTally(); !first.failure.ok()) return first.failure;
    const Stretch stretch(*coordinator_);
    // As long as every worker needs to sync again, twice.
    workers.RunUntil(absl::Now() + Window(10, 20));
    const double seconds = stretch.seconds();
    const Tally tally = workers.TakeTally();
    idle_share_ = stretch.coordinator_cpu() / seconds;
    idle_syncs_ = tally.syncs / seconds;
    return tally.failure;
  }

  absl::Status List() {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"-o", "csv"},
                                                 {"-o", "table"},
                                                 {"-o", "csv", "--sort", "-loss"}}) {
      auto listed = ListAllJobs(coordinator_->address(), kSweep, more);
      if (!listed.ok()) return listed.status();
      listings_.emplace_back(absl::StrJoin(more, " "), *listed);
    }
    return absl::OkStatus();
  }

  absl::Status PrintRows() {
    coordinator_->Kill();
    std::printf("%8s %14s %9s %9s %13s %9s %14s %7s\n", "workers", "completions/s", "p50 ms",
                "p99 ms", "coordinator", "workers", "raw commits/s", "of raw");
    for (const Row& row : rows_) {
      auto raw = RawBatchesPerSecond(absl::StrCat(folder_.string(), "/raw", row.workers),
                                     completions_, row.workers, Window(1, 3));
      if (!raw.ok()) return raw.status();
      std::printf("%8d %14.0f %9.2f %9.2f %8.2f cpu %5.2f cpu %14.0f %7.2f\n", row.workers,
                  row.completions, row.p50, row.p99, row.coordinator_cpu, row.own_cpu, *raw,
                  row.completions / *raw);
      const std::string name = absl::StrCat(row.workers, " workers ");
      Tell(name + "completions", row.completions, "1/s");
      Tell(name + "sync p50", row.p50, "ms");
      Tell(name + "sync p99", row.p99, "ms");
      Tell(name + "coordinator", row.coordinator_cpu, "cores");
      Tell(name + "raw", *raw, "1/s");
    }
    std::printf(
        "raw: the same records committed by one thread, as many completions in a synced batch as "
        "there are workers\n\n");
    return absl::OkStatus();
  }

  void PrintVerdicts() {
    const double reached = rows_.back().completions;
    std::printf("%.0f completions/s with %d workers: %.0f, %s\n", kCompletionsPerSecond,
                rows_.back().workers, reached, Judge(reached >= kCompletionsPerSecond));
    std::printf("after kill -9 all %zu acknowledged results are there\n", accepted_.size());
    std::printf("restart with %ld jobs within %.0f s: %.2f s, %s\n", all_jobs_, kRestartSeconds,
                restart_, Judge(restart_ < kRestartSeconds));
    std::printf("%d idle workers, %.0f syncs/s, below %.0f %% of a core: %.1f %%, %s\n", idle_,
                idle_syncs_, 100 * kIdleShare, 100 * idle_share_, Judge(idle_share_ < kIdleShare));
    for (const auto& [how, listing] : listings_) {
      const double megabytes = 1e-6 * listing.peak_bytes;
      std::printf("all jobs listed (%s) within %.0f s and %.0f MB: %.2f s, %.0f MB, %s\n",
                  how.c_str(), kListSeconds, kListMegabytes, listing.seconds, megabytes,
                  Judge(listing.seconds < kListSeconds && megabytes < kListMegabytes));
      Tell(absl::StrCat("list ", how), listing.seconds, "s");
      Tell(absl::StrCat("list ", how, " memory"), megabytes, "MB");
    }
    Tell("restart", restart_, "s");
    Tell("idle", idle_share_, "cores");
  }

  const CommandLine& line_;
  const int jobs_, idle_;
  std::filesystem::path folder_;
  std::unique_ptr<CoordinatorChild> coordinator_;
  SharedResults results_;
  int64_t all_jobs_ = 0;
  std::vector<Row> rows_;
  std::vector<std::string> accepted_;
  std::vector<store::Batch> completions_;
  double restart_ = 0, idle_share_ = 0, idle_syncs_ = 0;
  std::vector<std::pair<std::string, Listing>> listings_;  // by their options
  std::vector<Figure>* figures_ = nullptr;
};

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  using namespace rnnfarm::bench;
  CommandLine line;
  line.texts["--store"] = "";
  line.numbers = {{"--jobs", {}}, {"--idle", {}}};
  return RunBenchmark("bench_dispatch", kUsage, argc, argv, line,
                      [](const CommandLine& given, std::vector<Figure>& figures) {
                        return Table(given).Print(figures);
                      });
}
