// How fast networks are trained: milliseconds an iteration of each cell and size, the useful
// operations behind it (6 B T G N²: forward, backward to the state, weight gradient), and their
// share of what one core of this machine can do, measured in the same process.
//
//   bench_train [--quick] [--json FILE]

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "absl/strings/str_cat.h"
#include "worker/engine/engine.h"

namespace rnnfarm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBatch = 64, kSteps = 100, kBits = 3;

double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// Independent chains of multiply-add, enough of them to hide the latency of each.
constexpr int kChains = 12;

#ifdef __x86_64__
__attribute__((target("avx2,fma"))) float WideChains(int64_t rounds) {
  __m256 sums[kChains];
  for (auto& sum : sums) sum = _mm256_set1_ps(1.0f);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  float out = 0;
  for (const auto& sum : sums) out += _mm256_cvtss_f32(sum);
  return out;
}
#endif

float ScalarChains(int64_t rounds) {
  float sums[kChains];
  std::fill(sums, sums + kChains, 1.0f);
  for (int64_t i = 0; i < rounds; ++i) {
    for (float& sum : sums) sum = sum * 0.999f + 0.001f;
  }
  float out = 0;
  for (const float sum : sums) out += sum;
  return out;
}

// GFLOP/s of one core in float32: the best of a few runs.
double PeakGflops() {
  constexpr int64_t kRounds = 20'000'000;
  double best = 0;
  volatile float sink = 0;
  for (int run = 0; run < 3; ++run) {
    int lanes = 1;
    const Clock::time_point begin = Clock::now();
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      lanes = 8;
      sink = WideChains(kRounds);
    } else {
      sink = ScalarChains(kRounds);
    }
#else
    sink = ScalarChains(kRounds);
#endif
    best = std::max(best, 2.0 * kChains * lanes * kRounds / SecondsSince(begin) * 1e-9);
  }
  static_cast<void>(sink);
  return best;
}

class Silent final : public engine::Observer {
 public:
  bool OnProgress(size_t, const engine::Progress&) override { return true; }
  void OnCheckpoint(size_t, const engine::Checkpoint&) override {}
};

// Seconds an iteration on one thread: the median of a few runs. Negative: training failed.
double SecondsPerIteration(engine::Engine& engine, const task::Task& task,
                           const rnn::CellSpec& cell, double budget_seconds) {
  engine::Plan plan;
  plan.task = &task;
  plan.batch_size = kBatch;
  plan.validation_trials = 1;
  engine::Member member;
  member.stream_key = "bench";
  member.cell = cell;
  member.hyperparameters = {0.01, 1, 0.9, 1};
  Silent observer;
  const auto seconds_of = [&](int64_t iterations) {
    plan.iterations = plan.checkpoint_every = plan.log_every = iterations;
    member.until_iteration = iterations;
    auto outcomes = engine.Train(plan, {member}, 1, observer);
    if (!outcomes.ok() || outcomes->front().ending != engine::Ending::kTrained) return -1.0;
    return outcomes->front().seconds / static_cast<double>(iterations);
  };
  const double estimate = seconds_of(2);
  if (estimate < 0) return -1;
  constexpr int kRuns = 3;
  const int64_t iterations =
      std::clamp<int64_t>(static_cast<int64_t>(budget_seconds / kRuns / estimate), 2, 200);
  std::vector<double> runs;
  for (int i = 0; i < kRuns; ++i) runs.push_back(seconds_of(iterations));
  std::sort(runs.begin(), runs.end());
  return runs[kRuns / 2];
}

struct Figure {
  std::string name;
  double value;
  std::string unit;
};

bool WriteJson(const std::string& path, const std::vector<Figure>& figures) {
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file, "{\"device\": \"one CPU core\", \"figures\": [");
  for (size_t i = 0; i < figures.size(); ++i) {
    std::fprintf(file, "%s\n  {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}",
                 i == 0 ? "" : ",", figures[i].name.c_str(), figures[i].value,
                 figures[i].unit.c_str());
  }
  std::fprintf(file, "\n]}\n");
  return std::fclose(file) == 0;
}

bool Measure(bool quick, std::vector<Figure>& figures) {
  const auto task = task::MakeTask(task::FlipFlop{kBits, kSteps, 0.05, true});
  const auto engine = engine::MakeEngine("reference");
  if (!task.ok() || !engine.ok()) return false;
  const double peak = PeakGflops();
  figures.push_back({"peak_fma", peak, "GFLOP/s"});
  std::printf("one core, float32 multiply-add: %.1f GFLOP/s\n", peak);
  std::printf("flip-flop, %d steps, batch %d, engine reference\n", kSteps, kBatch);
  std::printf("%-8s %6s %12s %10s %10s\n", "cell", "units", "ms/iteration", "GFLOP/s", "of peak");
  const std::vector<int> sizes = quick ? std::vector<int>{64} : std::vector<int>{64, 128, 256};
  for (const int units : sizes) {
    for (const auto architecture : {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn,
                                    rnn::Architecture::kGru, rnn::Architecture::kLstm}) {
      rnn::CellSpec cell;
      cell.architecture = architecture;
      cell.units = units;
      cell.inputs = cell.outputs = kBits;
      const double seconds = SecondsPerIteration(**engine, **task, cell, quick ? 6 : 15);
      if (seconds < 0) return false;
      const double gflops = 6e-9 * kBatch * kSteps * cell.gates() * double(units) * units / seconds;
      const std::string name(rnn::Name(architecture));
      std::printf("%-8s %6d %12.2f %10.1f %9.1f%%\n", name.c_str(), units, seconds * 1e3, gflops,
                  100 * gflops / peak);
      std::fflush(stdout);
      figures.push_back({absl::StrCat(name, "_", units), seconds * 1e3, "ms/iteration"});
      figures.push_back({absl::StrCat(name, "_", units, "_useful"), gflops, "GFLOP/s"});
    }
  }
  return true;
}

}  // namespace
}  // namespace rnnfarm

int main(int argc, char** argv) {
  bool quick = false;
  std::string json;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      json = argv[++i];
    } else {
      std::fprintf(stderr, "usage: bench_train [--quick] [--json FILE]\n");
      return 2;
    }
  }
  at::set_num_threads(1);
  std::vector<rnnfarm::Figure> figures;
  if (!rnnfarm::Measure(quick, figures)) {
    std::fprintf(stderr, "bench_train: a network did not train\n");
    return 1;
  }
  if (!json.empty() && !rnnfarm::WriteJson(json, figures)) {
    std::fprintf(stderr, "bench_train: %s cannot be written\n", json.c_str());
    return 1;
  }
  return 0;
}
