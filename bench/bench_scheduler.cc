// How many jobs and workers the scheduler's core bears: whole populations, submitted, handed out,
// reported and compared, event by event, on one thread, without disk and network.
//
// A worker has kSlots jobs at a time and asks three times for each: for work, to say that it lives,
// and with the results. The cost of an event of each kind is told for populations that grow
// tenfold, beside how the logarithm grows.
#include <sys/resource.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/figures.h"
#include "coordinator/scheduler/scheduler.h"

namespace rnnfarm::bench {
namespace {

constexpr char kUsage[] =
    "usage: bench_scheduler [--quick] [--json FILE] [--jobs 1000000]\n"
    "  --quick  up to 10,000 jobs: ends within a minute\n";

constexpr int64_t kLeastJobs = 1000, kMostJobs = 1'000'000, kQuickJobs = 10'000;
constexpr int64_t kJobsPerWorker = 100;
constexpr int kSlots = 4;
constexpr int kEventsPerTick = 100;
constexpr absl::Duration kBetweenSyncs = absl::Seconds(5);
// Small populations are gone through again until so much was measured.
constexpr double kLeastSeconds = 1;
constexpr double kSecondsAllowed = 60;

enum Kind { kSubmit, kGrant, kHeartbeat, kReport, kTick, kKinds };
constexpr std::array<const char*, kKinds> kKindNames = {"submit, a job", "grant", "heartbeat",
                                                        "report", "tick"};

struct CommandLine {
  bool quick = false;
  int64_t jobs = 0;
  std::string json;
};

bool Parse(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      line.quick = true;
    } else if (flag == "--json" && i + 1 < argc) {
      line.json = argv[++i];
    } else if (flag != "--jobs" || i + 1 >= argc || !absl::SimpleAtoi(argv[++i], &line.jobs) ||
               line.jobs < kLeastJobs) {
      return false;
    }
  }
  return true;
}

double PeakGigabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024e-9;
}

// Of this thread on a processor: what else the machine does is no cost of the scheduler.
double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

struct Cost {
  int64_t events = 0;
  double seconds = 0;
  double Microseconds() const { return events == 0 ? 0 : 1e6 * seconds / events; }
};
using Costs = std::array<Cost, kKinds>;

// Training and analysis of each network, but for the comparison; hyperparameters are known.
v1::SweepSpec Spec(int64_t jobs) {
  constexpr int kSeeds = 25;
  v1::SweepSpec spec;
  spec.set_name("large");
  v1::Task& task = *spec.add_task();
  task.set_name("flipflop");
  task.mutable_flip_flop();
  for (const char* architecture : {"vanilla", "ugrnn", "gru", "lstm"}) {
    spec.mutable_grid()->add_architecture(architecture);
  }
  spec.mutable_grid()->add_activation("tanh");
  for (int units : {16, 32, 64, 128, 256}) spec.mutable_grid()->add_units(units);
  spec.mutable_seeds()->set_count(kSeeds);
  const int64_t shapes = spec.grid().architecture_size() * spec.grid().units_size();
  for (int64_t i = 0; i < jobs / (2 * kSeeds * shapes); ++i) {
    spec.mutable_grid()->add_l2(1e-6 * (1 + i));
  }
  v1::KnownHyperparameters& known = *spec.add_hyperparameters();
  known.set_learning_rate(0.01);
  known.set_lr_decay(0.5);
  known.set_momentum(0.9);
  known.set_clip_norm(1);
  return spec;
}

v1::JobReport ResultOf(const v1::Lease& lease) {
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  v1::JobResult& result = *report.mutable_result();
  const std::string digest(64, 'a');
  auto& artifacts = *result.mutable_artifacts();
  if (lease.spec().kind() == v1::JOB_KIND_TRAIN) {
    artifacts["network"] = artifacts["checkpoint"] = digest;
    result.mutable_training()->set_iterations(lease.spec().until_iteration());
  } else if (lease.spec().kind() == v1::JOB_KIND_ANALYZE) {
    artifacts["states"] = artifacts["fixed_points"] = digest;
    result.mutable_fixed_points()->add_conditions()->set_unique(27);
  } else {
    artifacts["distances/svcca.npy"] = digest;
  }
  return report;
}

// One farm from submission to the last job.
class Farm {
 public:
  Farm(int64_t jobs, Costs& costs) : jobs_(jobs), costs_(costs), scheduler_({}) {
    for (int64_t i = 0; i < jobs / kJobsPerWorker; ++i) AddWorker(absl::StrCat("workers/w", i));
  }

  absl::Status Run() {
    scheduler::Submit submit;
    *submit.request.mutable_spec() = Spec(jobs_);
    const scheduler::Effects submitted = Apply(kSubmit, submit);
    if (!submitted.status.ok()) return submitted.status;
    costs_[kSubmit].events += jobs_ - 1;
    const absl::Duration step = kBetweenSyncs / (3.0 * workers_.size());
    for (bool granted = true; granted;) {
      granted = false;
      for (Worker& worker : workers_) granted = AskForWork(worker, step) || granted;
      for (Worker& worker : workers_) SayAlive(worker, step);
      for (Worker& worker : workers_) ReportResults(worker, step);
    }
    const v1::Sweep sweep = scheduler_.GetSweep("sweeps/large").value();
    if (sweep.state() == v1::SWEEP_STATE_SUCCEEDED) return absl::OkStatus();
    return absl::InternalError("the sweep is " + v1::SweepState_Name(sweep.state()));
  }

 private:
  struct Worker {
    v1::SyncRequest request;  // what is the same each time
    std::vector<v1::Lease> leases;
  };

  void AddWorker(const std::string& name) {
    Worker worker;
    worker.request.set_worker(name);
    v1::Capability& capability = *worker.request.mutable_capability();
    capability.set_max_pack(kSlots);
    capability.set_threads(kSlots);
    capability.set_memory_bytes(int64_t{16} << 30);
    for (auto kind : {v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE, v1::JOB_KIND_COMPARE}) {
      capability.add_kind(kind);
    }
    workers_.push_back(std::move(worker));
  }

  scheduler::Effects Apply(Kind kind, const scheduler::Event& event) {
    const double begin = ProcessorSeconds();
    scheduler::Effects effects = scheduler_.Apply(event, now_);
    costs_[kind].seconds += ProcessorSeconds() - begin;
    ++costs_[kind].events;
    return effects;
  }

  v1::SyncResponse Sync(Kind kind, const v1::SyncRequest& request, absl::Duration step) {
    now_ += step;
    if (++syncs_ % kEventsPerTick == 0) Apply(kTick, scheduler::Tick{});
    return std::get<v1::SyncResponse>(Apply(kind, scheduler::Sync{request}).reply);
  }

  bool AskForWork(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    request.set_free_slots(kSlots);
    const v1::SyncResponse response = Sync(kGrant, request, step);
    worker.leases.assign(response.leases().begin(), response.leases().end());
    return !worker.leases.empty();
  }

  void SayAlive(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    for (const v1::Lease& lease : worker.leases) {
      v1::HeldLease& held = *request.add_held();
      held.set_job(lease.job());
      held.set_attempt(lease.attempt());
      held.mutable_progress()->set_iteration(1);
      held.mutable_progress()->set_counter(1);
    }
    Sync(kHeartbeat, request, step);
  }

  void ReportResults(Worker& worker, absl::Duration step) {
    v1::SyncRequest request = worker.request;
    for (const v1::Lease& lease : worker.leases) *request.add_reports() = ResultOf(lease);
    Sync(kReport, request, step);
  }

  const int64_t jobs_;
  Costs& costs_;
  scheduler::Scheduler scheduler_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<Worker> workers_;
  int64_t syncs_ = 0;
};

struct Size {
  int64_t jobs = 0;
  Costs costs;
  double seconds = 0;  // of one population
};

absl::Status Measure(Size& size) {
  double measured = 0;
  int runs = 0;
  for (; measured < kLeastSeconds; ++runs) {
    const double before = measured;
    if (auto status = Farm(size.jobs, size.costs).Run(); !status.ok()) return status;
    measured = 0;
    for (const Cost& cost : size.costs) measured += cost.seconds;
    size.seconds = measured - before;
  }
  return absl::OkStatus();
}

void PrintSize(const Size& size, std::vector<Figure>& figures) {
  int64_t events = 0;
  double seconds = 0;
  for (const Cost& cost : size.costs) {
    events += cost.events;
    seconds += cost.seconds;
  }
  std::printf("%9ld %8ld %8.2f", size.jobs, size.jobs / kJobsPerWorker, size.seconds);
  for (const Cost& cost : size.costs) std::printf(" %13.2f", cost.Microseconds());
  std::printf(" %8.2f %8.2f\n", 1e6 * seconds / events, PeakGigabytes());
  std::fflush(stdout);
  figures.push_back({absl::StrCat(size.jobs, " jobs"), size.seconds, "s"});
  for (int kind = 0; kind < kKinds; ++kind) {
    figures.push_back({absl::StrCat(size.jobs, " jobs, ", kKindNames[kind]),
                       size.costs[kind].Microseconds(), "us"});
  }
}

// The logarithm's growth from the smaller population to the larger one, and each kind's.
bool PrintGrowth(const Size& from, const Size& to, std::vector<Figure>& figures) {
  const double log = std::log(to.jobs) / std::log(from.jobs);
  bool met = true;
  std::printf("%9ld to %9ld: log n x %.2f;", from.jobs, to.jobs, log);
  for (int kind = 0; kind < kKinds; ++kind) {
    const double growth = to.costs[kind].Microseconds() / from.costs[kind].Microseconds();
    std::printf(" %s x %.2f%s", kKindNames[kind], growth, kind + 1 < kKinds ? "," : "\n");
    met = met && growth <= log;
    figures.push_back(
        {absl::StrCat("growth to ", to.jobs, " jobs, ", kKindNames[kind]), growth, "x"});
  }
  return met;
}

absl::Status Print(const CommandLine& line, std::vector<Figure>& figures) {
  const int64_t most = line.jobs > 0 ? line.jobs : line.quick ? kQuickJobs : kMostJobs;
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
  const bool met = PrintGrowth(sizes.front(), sizes.back(), figures);
  std::printf("\nno faster than log n over the whole range: %s\n", met ? "met" : "NOT");
  if (sizes.back().jobs >= kMostJobs) {
    std::printf("a million jobs within %.0f s: %s\n", kSecondsAllowed,
                sizes.back().seconds <= kSecondsAllowed ? "met" : "NOT");
  }
  figures.push_back({"peak memory", PeakGigabytes(), "GB"});
  return absl::OkStatus();
}

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  using namespace rnnfarm::bench;
  CommandLine line;
  if (!Parse(argc, argv, line)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::vector<Figure> figures;
  absl::Status status = Print(line, figures);
  if (status.ok() && !line.json.empty()) status = WriteJson(line.json, "cpu", figures);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_scheduler: %s\n", std::string(status.message()).c_str());
  return 1;
}
