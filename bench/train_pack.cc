#include "bench/train_pack.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bench/train_case.h"
#include "worker/engine/devices.h"

namespace rnnfarm::bench {

namespace {

using Clock = std::chrono::steady_clock;

// A sweep's, at most; fewer where so many would take too long.
constexpr int64_t kLogEvery = 50;
constexpr int64_t kIntervals = 4;
constexpr int kRates = 10;  // learning rates are fractions 1 to 1 / kRates

// The clock of each member at its first logging interval and at its latest.
class PackStopwatch final : public engine::Observer {
 public:
  PackStopwatch(size_t members, int64_t log_every) : marks_(members), log_every_(log_every) {}

  bool OnProgress(size_t member, const engine::Progress& progress) override {
    if (progress.iteration == 0 || progress.iteration % log_every_ != 0) return true;
    Marks& marks = marks_[member];
    const Clock::time_point now = Clock::now();
    if (marks.intervals < 0) marks.first = now;
    marks.last = now;
    ++marks.intervals;
    return true;
  }
  void OnCheckpoint(size_t, const engine::Checkpoint&) override {}

  // Of the pack together, an iteration of every network, trained one after another on each thread.
  double SecondsOnThreads(int threads) const {
    double sum = 0;
    for (const Marks& marks : marks_) sum += Seconds(marks.first, marks.last);
    const size_t turns = (marks_.size() + threads - 1) / threads;
    return sum / static_cast<double>(marks_.size()) * static_cast<double>(turns) / Iterations();
  }

  // The same of networks that are trained at once, in turns where not all fit into the memory: the
  // time in which any of them was.
  double SecondsOnDevice() {
    std::sort(marks_.begin(), marks_.end(),
              [](const Marks& a, const Marks& b) { return a.first < b.first; });
    double busy = 0;
    Clock::time_point end = marks_[0].first;
    for (const Marks& marks : marks_) {
      if (marks.last <= end) continue;
      busy += Seconds(std::max(end, marks.first), marks.last);
      end = marks.last;
    }
    return busy / Iterations();
  }

 private:
  struct Marks {
    Clock::time_point first, last;
    int64_t intervals = -1;  // of logging, between the two
  };
  double Iterations() const { return static_cast<double>(marks_[0].intervals * log_every_); }
  static double Seconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }

  std::vector<Marks> marks_;
  const int64_t log_every_;
};

}  // namespace

absl::StatusOr<engine::Precision> ParsePrecision(absl::string_view name) {
  for (const engine::Precision precision :
       {engine::Precision::kFp32, engine::Precision::kTf32, engine::Precision::kBf16}) {
    if (name == Name(precision)) return precision;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--precision is \"", name, "\"; it is fp32, tf32 or bf16"));
}

absl::string_view Name(engine::Precision precision) {
  switch (precision) {
    case engine::Precision::kFp32:
      break;
    case engine::Precision::kTf32:
      return "tf32";
    case engine::Precision::kBf16:
      return "bf16";
  }
  return "fp32";
}

std::string DeviceName(absl::string_view engine) {
  if (!TrainsOnDevice(engine)) return absl::StrCat("CPU, ", Threads(), " threads");
  const auto devices = engine::FindDevices();
  return devices.ok() ? devices->front().name : "no device";
}

bool TrainsOnDevice(absl::string_view engine) { return absl::StartsWith(engine, "cuda"); }

int Threads() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

absl::StatusOr<double> SecondsPerNetwork(engine::Engine& engine, const PackCase& pack_case,
                                         int64_t iterations) {
  engine::Plan plan = PlanOf(*pack_case.task);
  plan.precision = pack_case.precision;
  plan.log_every = std::clamp<int64_t>(iterations / kIntervals, 1, kLogEvery);
  const int64_t intervals = (iterations + plan.log_every - 1) / plan.log_every;
  // One iteration more: what comes with the end of training is behind the last mark.
  const int64_t until = (1 + intervals) * plan.log_every + 1;
  std::vector<engine::Member> pack;
  for (int i = 0; i < pack_case.networks; ++i) {
    pack.push_back(MemberOf(*pack_case.task, pack_case.cell, absl::StrCat("pack-", i), until));
    pack.back().hyperparameters.learning_rate /= 1 + i % kRates;
  }
  PackStopwatch stopwatch(pack.size(), plan.log_every);
  const int threads = std::min(Threads(), pack_case.networks);
  const auto outcomes = TrainToEnd(engine, plan, pack, threads, stopwatch);
  if (!outcomes.ok()) return outcomes.status();
  const double seconds = TrainsOnDevice(engine.name()) ? stopwatch.SecondsOnDevice()
                                                       : stopwatch.SecondsOnThreads(threads);
  return seconds / pack_case.networks;
}

}  // namespace rnnfarm::bench
