#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bench/train_case.h"
#include "bench/train_tables.h"
#include "worker/engine/engine.h"

namespace rnnfarm::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNetworks = 16;
constexpr double kBar = 1.9;  // times one thread's throughput, with two
constexpr int64_t kFewestIterations = 10;

// Of the whole pack, set-up and all.
absl::StatusOr<double> SecondsOfPack(engine::Engine& engine, const task::Task& task,
                                     const rnn::CellSpec& cell, int64_t iterations, int threads) {
  std::vector<engine::Member> pack;
  for (int i = 0; i < kNetworks; ++i) {
    pack.push_back(MemberOf(task, cell, absl::StrCat("scaling-", i), iterations));
  }
  Silent silent;
  const Clock::time_point begin = Clock::now();
  const auto outcomes = TrainToEnd(engine, PlanOf(task), pack, threads, silent);
  if (!outcomes.ok()) return outcomes.status();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Scaling {
  std::vector<double> one, two, ratio;  // iterations a second of the pack, a round each
};

absl::StatusOr<Scaling> MeasureScaling(engine::Engine& engine, const task::Task& task,
                                       const rnn::CellSpec& cell, const TableOptions& options) {
  const absl::StatusOr<double> first = SecondsPerIteration(engine, task, cell, 2);
  if (!first.ok()) return first.status();
  // One thread takes twice the time of two.
  const double share = options.seconds / options.rounds * 2 / 3;
  const int64_t iterations =
      std::max(kFewestIterations, static_cast<int64_t>(std::llround(share / *first / kNetworks)));
  Scaling scaling;
  for (int round = 0; round < options.rounds; ++round) {
    const auto one = SecondsOfPack(engine, task, cell, iterations, 1);
    const auto two = SecondsOfPack(engine, task, cell, iterations, 2);
    if (!one.ok()) return one.status();
    if (!two.ok()) return two.status();
    const double work = static_cast<double>(kNetworks * iterations);
    scaling.one.push_back(work / *one);
    scaling.two.push_back(work / *two);
    scaling.ratio.push_back(*one / *two);
  }
  return scaling;
}

}  // namespace

absl::Status PrintScaling(const TableOptions& options, std::vector<Figure>& figures) {
  const auto engine = engine::MakeEngine(options.engine);
  if (!engine.ok()) return engine.status();
  const std::unique_ptr<task::Task> task = FlipFlopTask();
  std::printf("pack of %d networks, flip-flop, %d steps, batch %d, engine %s\n", kNetworks, kSteps,
              kBatch, options.engine.c_str());
  std::printf(
      "iterations a second of all networks together, medians of %d rounds in alternation\n\n",
      options.rounds);
  std::printf("%-13s %5s %10s %10s %7s %5s\n", "cell", "units", "1 thread", "2 threads", "times",
              "bar");
  for (const rnn::CellSpec& cell : options.cases) {
    const absl::StatusOr<Scaling> scaling = MeasureScaling(**engine, *task, cell, options);
    if (!scaling.ok()) return scaling.status();
    const double ratio = Median(scaling->ratio);
    std::printf("%-13s %5d %10.1f %10.1f %7.3f %5s\n", CaseName(cell).c_str(), cell.units,
                Median(scaling->one), Median(scaling->two), ratio, ratio >= kBar ? "met" : "NOT");
    std::fflush(stdout);
    const std::string key = absl::StrCat(absl::StrReplaceAll(CaseName(cell), {{" ", "_"}}), "_",
                                         cell.units, "_two_threads");
    figures.push_back({key, ratio, "x"});
  }
  std::printf("\nbar: %.1f times one thread's throughput\n", kBar);
  return absl::OkStatus();
}

}  // namespace rnnfarm::bench
