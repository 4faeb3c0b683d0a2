// How fast and how completely fixed points are found: against Adam on q with the defaults of
// fixed-point-finder, from the same starts, on one core; and the seconds that the analysis of a
// network takes, by cell and size, with the hours that this is for the population of the paper.
//
//   bench_fixed_points [--quick] [--json FILE] [--units 64,128] [--cells vanilla,gru]
//                      [--networks FOLDER] [--iterations N] [--starts N] [--rounds R]

#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bench/adam_search.h"
#include "bench/figures.h"
#include "bench/help.h"
#include "bench/train_case.h"
#include "bench/trained_case.h"
#include "worker/dynamics/analysis.h"
#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/newton.h"
#include "worker/dynamics/point_set.h"
#include "worker/dynamics/starts.h"
#include "worker/rnn/threads.h"

namespace rnnfarm::bench {
namespace {

using Clock = std::chrono::steady_clock;
using dynamics::PointSet;
using dynamics::Solved;
using torch::Tensor;

constexpr char kUsage[] =
    "How fast and how completely fixed points are found: against Adam on q from the same starts,\n"
    "on one core, and the seconds that the analysis of a network takes, by cell and size.\n"
    "usage: bench_fixed_points [--quick] [--json FILE] [--units 64,128] [--cells vanilla,gru]\n"
    "                          [--networks FOLDER] [--iterations N] [--starts N] [--rounds R]\n"
    "  --quick            64 units, vanilla and gru, briefly trained: ends within a minute\n"
    "  --json FILE        writes the figures there too\n"
    "  --units, --cells   which networks\n"
    "  --networks FOLDER  trained networks are read from here and kept here\n"
    "  --iterations N     that those which are not there are trained for\n"
    "  --starts N         of the comparison with Adam\n"
    "  --rounds R         of measurement\n"
    "example: bench_fixed_points --quick --units 64 --cells gru\n";

constexpr double kBar = 20;       // times faster than Adam
constexpr uint64_t kSeed = 2019;  // of probe and starts
// A point that Adam found counts if Newton rests this near to it.
constexpr double kSamePoint = 0.05;
constexpr int kMostPoints = 1 << 20;
// Networks of each cell and size in the paper's population: two activations, four L2 penalties,
// thirty seeds. Three tasks have as many each.
constexpr int kPaperNetworksOfASize = 240;
constexpr int kCores = 2;

struct Options {
  std::vector<rnn::CellSpec> cells;
  std::string networks, json;
  int64_t iterations = 2000;
  int starts = 512, rounds = 3;
  bool quick = false;
};

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One network at rest, and the starts that all searches have in common.
struct Problem {
  dynamics::TrainedNetwork network;
  dynamics::Trajectories trajectories;
  Tensor range, input, starts;
  double noise = 0;
};

// What one search found, of what is there.
struct Found {
  int64_t converged = 0;  // starts with q < 1e-12 within range
  size_t points = 0;      // true ones
  int64_t effort = 0;     // starts, iterations
};

// Different points with q < 1e-12 within range that are fixed points in float64 too.
void CountPoints(const Problem& problem, const Solved& solved, Found& found) {
  const AdamDefaults defaults;
  PointSet set(problem.range, defaults.unique, kMostPoints);
  set.Add(solved, defaults.tolerance);
  found.converged = set.accepted();
  if (set.points().empty()) return;
  std::vector<Tensor> states;
  for (const dynamics::Candidate& point : set.points()) states.push_back(point.state);
  const Tensor from = torch::stack(states);
  const Solved exact = dynamics::SolveNewton(problem.network, problem.input, from, {1e-20, 20, 1});
  const Tensor near = (exact.states - from).abs().amax(1) < kSamePoint;
  PointSet polished(problem.range, defaults.unique, kMostPoints);
  polished.Add({exact.states.index({near}), exact.q.index({near})}, 1e-20);
  found.points = polished.points().size();
}

// Seconds of each round; what was found is that of the last, all rounds find the same.
struct Comparison {
  std::vector<double> newton_seconds, search_seconds, adam_seconds;
  Found newton, search, adam;
};

absl::StatusOr<Problem> MakeProblem(const rnn::NetworkFile& file, int starts) {
  auto network = dynamics::Load(file);
  if (!network.ok()) return network.status();
  const std::unique_ptr<task::Task> task = FlipFlopTask();
  Problem problem{*std::move(network), {}, {}, {}, {}, task->start_noise()};
  problem.trajectories = dynamics::RunProbe(problem.network, task->Probe(kSeed));
  problem.range = dynamics::ReachableRange(problem.network.spec, problem.trajectories);
  problem.input = torch::zeros({task->inputs()}, torch::kFloat64);
  base::RandomStream random(base::DeriveStream(kSeed, "bench", "starts"));
  problem.starts = dynamics::NoisyStates(problem.trajectories.states.flatten(0, 1), starts,
                                         problem.noise, random);
  return problem;
}

void MeasureNewton(const Problem& problem, Comparison& out) {
  const Clock::time_point begin = Clock::now();
  const Solved solved = dynamics::SolveNewton(problem.network, problem.input, problem.starts,
                                              {1e-20, 100, problem.range.min().item<double>() / 2});
  out.newton_seconds.push_back(SecondsSince(begin));
  out.newton = {};
  CountPoints(problem, solved, out.newton);
}

// With further rounds after the starts in common, and the linear map of each point.
void MeasureSearch(const Problem& problem, Comparison& out) {
  const Clock::time_point begin = Clock::now();
  dynamics::Settings settings;
  settings.start_noise = problem.noise;
  const dynamics::Search search{problem.network, problem.trajectories, problem.range, settings,
                                base::DeriveStream(kSeed, "bench", "fixed points")};
  const dynamics::ConditionPoints found =
      dynamics::FindFixedPoints(search, 0, problem.input, problem.starts);
  out.search_seconds.push_back(SecondsSince(begin));
  out.search = {found.summary.converged, found.points.size(), found.summary.starts};
}

void MeasureAdam(const Problem& problem, Comparison& out) {
  const Clock::time_point begin = Clock::now();
  int64_t iterations = 0;
  const Solved solved = AdamOnQ(problem.network, problem.input, problem.starts, {}, iterations);
  out.adam_seconds.push_back(SecondsSince(begin));
  out.adam = {};
  CountPoints(problem, solved, out.adam);
  out.adam.effort = iterations;
}

absl::StatusOr<Comparison> Compare(const rnn::NetworkFile& file, const Options& options) {
  const torch::NoGradGuard no_grad;
  const absl::StatusOr<Problem> problem = MakeProblem(file, options.starts);
  if (!problem.ok()) return problem.status();
  Comparison out;
  for (int round = 0; round < options.rounds; ++round) {
    MeasureNewton(*problem, out);
    MeasureSearch(*problem, out);
    MeasureAdam(*problem, out);
  }
  return out;
}

double MedianRatio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  return Median(ratios);
}

void PrintRow(const rnn::CellSpec& cell, const Comparison& found, std::vector<Figure>& figures) {
  const double ratio = MedianRatio(found.adam_seconds, found.newton_seconds);
  const double search_ratio = MedianRatio(found.adam_seconds, found.search_seconds);
  std::printf(
      "%-8s %5d | %6.2f %5ld %6zu %5ld | %6.3f %5ld %6zu %7.1f %5s %6s | %6.3f %5ld %6zu %6.1f\n",
      CaseName(cell).c_str(), cell.units, Median(found.adam_seconds), found.adam.converged,
      found.adam.points, found.adam.effort, Median(found.newton_seconds), found.newton.converged,
      found.newton.points, ratio, ratio >= kBar ? "met" : "NOT",
      found.newton.points >= found.adam.points ? "met" : "NOT", Median(found.search_seconds),
      found.search.effort, found.search.points, search_ratio);
  std::fflush(stdout);
  const std::string key = absl::StrCat(CaseName(cell), "_", cell.units);
  const auto count = [](size_t points) { return static_cast<double>(points); };
  figures.push_back({absl::StrCat(key, "_newton_against_adam"), ratio, "x"});
  figures.push_back({absl::StrCat(key, "_search_against_adam"), search_ratio, "x"});
  figures.push_back({absl::StrCat(key, "_newton_points"), count(found.newton.points), "points"});
  figures.push_back({absl::StrCat(key, "_search_points"), count(found.search.points), "points"});
  figures.push_back({absl::StrCat(key, "_adam_points"), count(found.adam.points), "points"});
}

absl::Status PrintComparison(const std::vector<TrainedCase>& cases, const Options& options,
                             std::vector<Figure>& figures) {
  const AdamDefaults d;
  std::printf(
      "The same %d starts (trajectory states with noise), one core, seconds, medians of %d rounds "
      "in\n"
      "alternation. Adam: joint, float32, step size %g times %g every %ld iterations, q < %g or\n"
      "change < %g, at most %ld iterations, unique %g. Newton: to q < 1e-20. Search: Newton,\n"
      "then further rounds of starts until it is complete, with Jacobians and spectra.\n"
      "conv: starts that ended below q < 1e-12; points: those that are fixed points in float64 "
      "too.\n\n",
      options.starts, options.rounds, d.learning_rate, d.factor, d.factor_every, d.tolerance,
      d.least_change, d.max_iterations, d.unique);
  std::printf("%-8s %5s | %6s %5s %6s %5s | %6s %5s %6s %7s %5s %6s | %6s %5s %6s %6s\n", "cell",
              "units", "Adam", "conv", "points", "iter", "Newton", "conv", "points", "times",
              "speed", "points", "search", "from", "points", "times");
  std::set<rnn::Architecture> seen;
  for (const TrainedCase& each : cases) {
    // The smallest network of each cell: Adam takes minutes for the others.
    if (!seen.insert(each.network.spec.architecture).second) continue;
    const absl::StatusOr<Comparison> found = Compare(each.network, options);
    if (!found.ok()) return found.status();
    PrintRow(each.network.spec, *found, figures);
  }
  std::printf("\nbars: Newton %g times faster than Adam, at least as many points\n\n", kBar);
  return absl::OkStatus();
}

// Seconds of the search and of all of the analysis.
struct Analysis {
  double search = 0, all = 0;
  dynamics::ConditionSummary summary;
};

absl::StatusOr<Analysis> Analyze(const rnn::NetworkFile& network) {
  const std::unique_ptr<task::Task> task = FlipFlopTask();
  Clock::time_point search_begin;
  Analysis out;
  const Clock::time_point begin = Clock::now();
  const auto report = dynamics::Analyze(network, *task, {}, kSeed, "bench",
                                        [&](absl::string_view phase, double share) {
                                          if (phase == "fixed points" && share == 0)
                                            search_begin = Clock::now();
                                          if (phase == "graph" && out.search == 0)
                                            out.search = SecondsSince(search_begin);
                                          return true;
                                        });
  if (!report.ok()) return report.status();
  out.all = SecondsSince(begin);
  out.summary = report->conditions[0];
  return out;
}

absl::Status PrintProjection(const std::vector<TrainedCase>& cases, std::vector<Figure>& figures) {
  std::printf(
      "seconds a network, one core: search (all starts, Jacobians, spectra), and the whole\n"
      "analysis with states, graph and ways between\n\n");
  std::printf("%-8s %5s | %9s %-14s %4s %6s | %8s %8s\n", "cell", "units", "MSE", "fixed points",
              "cert", "starts", "search", "all");
  std::map<rnn::Architecture, int> sizes;
  double hours = 0;
  for (const TrainedCase& each : cases) {
    const absl::StatusOr<Analysis> analysis = Analyze(each.network);
    if (!analysis.ok()) return analysis.status();
    const std::string name = CaseName(each.network.spec);
    std::printf("%-8s %5d | %9.2e %-14s %4s %6d | %8.2f %8.2f\n", name.c_str(),
                each.network.spec.units, each.validation_loss,
                absl::StrJoin(analysis->summary.by_index, "/").c_str(),
                analysis->summary.certified ? "yes" : "no", analysis->summary.starts,
                analysis->search, analysis->all);
    std::fflush(stdout);
    ++sizes[each.network.spec.architecture];
    hours += analysis->all * kPaperNetworksOfASize / kCores / 3600;
    const std::string key = absl::StrCat(name, "_", each.network.spec.units);
    figures.push_back({absl::StrCat(key, "_search"), analysis->search, "s"});
    figures.push_back({absl::StrCat(key, "_analysis"), analysis->all, "s"});
  }
  const size_t networks = cases.size() * kPaperNetworksOfASize;
  std::printf("\n%zu networks (%d of each row) of one task on %d cores: %.2f hours\n", networks,
              kPaperNetworksOfASize, kCores, hours);
  figures.push_back({absl::StrCat("population_of_", networks), hours, "h"});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<rnn::CellSpec>> CellsOf(const std::string& units,
                                                   const std::string& cells) {
  std::vector<rnn::CellSpec> out;
  for (const std::string& size : std::vector<std::string>(absl::StrSplit(units, ','))) {
    for (const std::string& name : std::vector<std::string>(absl::StrSplit(cells, ','))) {
      rnn::CellSpec cell;
      if (!absl::SimpleAtoi(size, &cell.units) || cell.units < 1) {
        return absl::InvalidArgumentError(absl::StrCat("--units has \"", size, "\""));
      }
      const auto architecture = rnn::ParseArchitecture(name);
      if (!architecture.ok()) return architecture.status();
      cell.architecture = *architecture;
      out.push_back(cell);
    }
  }
  return out;
}

absl::StatusOr<Options> Parse(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string> flags = {
      {"--json", ""},       {"--units", ""},  {"--cells", ""}, {"--networks", ""},
      {"--iterations", ""}, {"--starts", ""}, {"--rounds", ""}};
  for (int i = 1; i < argc; ++i) {
    if (absl::string_view(argv[i]) == "--quick") {
      options.quick = true;
    } else if (flags.count(argv[i]) > 0 && i + 1 < argc) {
      flags[argv[i]] = argv[i + 1];
      ++i;
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown or incomplete flag ", argv[i]));
    }
  }
  if (options.quick) {
    options.iterations = 600;
    options.rounds = 1;
  }
  const auto number = [&](const char* flag, auto& value) {
    const std::string& text = flags[flag];
    if (text.empty() || (absl::SimpleAtoi(text, &value) && value > 0)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(flag, " is \"", text, "\""));
  };
  for (const absl::Status& status :
       {number("--iterations", options.iterations), number("--starts", options.starts),
        number("--rounds", options.rounds)}) {
    if (!status.ok()) return status;
  }
  const auto or_default = [&](const char* flag, const char* quick, const char* full) {
    if (!flags[flag].empty()) return flags[flag];
    return std::string(options.quick ? quick : full);
  };
  auto cells = CellsOf(or_default("--units", "64", "64,128,256"),
                       or_default("--cells", "vanilla,gru", "vanilla,ugrnn,gru,lstm"));
  if (!cells.ok()) return cells.status();
  options.cells = *std::move(cells);
  options.networks = flags["--networks"];
  options.json = flags["--json"];
  return options;
}

absl::Status Run(const Options& options) {
  rnn::UseOneThread();
  const auto cases = TrainedCases(options.cells, options.networks, options.iterations);
  if (!cases.ok()) return cases.status();
  std::vector<Figure> figures;
  absl::Status status = PrintComparison(*cases, options, figures);
  if (status.ok()) status = PrintProjection(*cases, figures);
  if (!status.ok() || options.json.empty()) return status;
  return WriteJson(options.json, "one CPU core", figures);
}

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  if (rnnfarm::bench::AsksForHelp(argc, argv)) {
    std::fputs(rnnfarm::bench::kUsage, stdout);
    return 0;
  }
  const auto options = rnnfarm::bench::Parse(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "bench_fixed_points: %s\n%s",
                 std::string(options.status().message()).c_str(), rnnfarm::bench::kUsage);
    return 2;
  }
  const absl::Status status = rnnfarm::bench::Run(*options);
  if (!status.ok()) {
    std::fprintf(stderr, "bench_fixed_points: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
