#include "worker/dynamics/analysis.h"

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/thrown.h"
#include "worker/dynamics/fixed_point_file.h"
#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/graph.h"
#include "worker/dynamics/trained_network.h"
#include "worker/dynamics/ways.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;
using Progress = std::function<bool(absl::string_view, double)>;

// Where the analysis is. Work is asked of it whether to go on; one refusal ends the analysis.
class Stage {
 public:
  explicit Stage(const Progress& progress) : progress_(progress) {}

  bool Enter(absl::string_view phase, double share = 0) {
    phase_ = phase;
    share_ = share;
    return GoesOn();
  }
  bool GoesOn() {
    stopped_ = stopped_ || !progress_(phase_, share_);
    return !stopped_;
  }
  GoOn go_on() {
    return [this] { return GoesOn(); };
  }
  bool stopped() const { return stopped_; }
  absl::Status Cancelled() const {
    return absl::CancelledError(absl::StrCat("the analysis was cancelled in its phase ", phase_));
  }

 private:
  const Progress& progress_;
  absl::string_view phase_;
  double share_ = 0;
  bool stopped_ = false;
};

torch::Device CudaDevice(int device) {
  return torch::Device(torch::kCUDA, static_cast<int8_t>(device));
}

absl::Status CheckFits(const rnn::CellSpec& spec, const task::Task& task) {
  if (spec.inputs == task.inputs() && spec.outputs == task.outputs()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the network has ", spec.inputs, " inputs and ",
                                                 spec.outputs, " outputs, its task ", task.inputs(),
                                                 " and ", task.outputs()));
}

absl::Status CheckSettings(const Settings& settings) {
  if (settings.starts > 0 && settings.rounds > 0 && settings.max_iterations > 0 &&
      settings.graph_runs > 0 && settings.tolerance > 0 && settings.slow_tolerance > 0 &&
      settings.merge_distance > 0 && settings.graph_epsilon > 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "the settings of the fixed-point search (starts, rounds, iterations, runs, tolerances and "
      "distances) must all be above 0");
}

absl::string_view Name(task::GraphKind kind) {
  switch (kind) {
    case task::GraphKind::kTransition:
      return "transition";
    case task::GraphKind::kNearestNeighbourOverConditions:
      return "nearest neighbour over conditions";
    case task::GraphKind::kNearestNeighbourWithinCondition:
      return "nearest neighbour within condition";
  }
  return "";
}

// The points of all conditions, one after the other; summaries go to `report`.
absl::StatusOr<std::vector<FixedPoint>> SearchAll(const Search& search,
                                                  const std::vector<task::Condition>& conditions,
                                                  Stage& stage, Report& report) {
  std::vector<FixedPoint> points;
  Tensor before;
  for (int i = 0; i < search.conditions; ++i) {
    if (!stage.Enter("fixed points", static_cast<double>(i) / search.conditions)) break;
    const Tensor input = torch::tensor(conditions[i].input, torch::kFloat64);
    ConditionPoints found = FindFixedPoints(search, i, input, before);
    std::vector<Tensor> states;
    for (const FixedPoint& point : found.points) {
      if (!point.slow) states.push_back(point.state);
    }
    before = states.empty() ? Tensor() : torch::stack(states);
    points.insert(points.end(), std::make_move_iterator(found.points.begin()),
                  std::make_move_iterator(found.points.end()));
    report.conditions.push_back(std::move(found.summary));
  }
  if (stage.stopped()) return stage.Cancelled();
  return points;
}

absl::StatusOr<Graph> MakeGraph(const TrainedNetwork& network,
                                const std::vector<FixedPoint>& points, const task::Task& task,
                                const Settings& settings, base::StreamKey random, Stage& stage) {
  switch (task.graph()) {
    case task::GraphKind::kNearestNeighbourOverConditions:
      return GraphOverConditions(network, points, task.Conditions());
    case task::GraphKind::kNearestNeighbourWithinCondition:
      return GraphWithinConditions(network, points, task.Conditions());
    case task::GraphKind::kTransition:
      break;
  }
  return TransitionGraph(network, points, settings, random,
                         [&](double share) { return stage.Enter("graph", share); });
}

absl::StatusOr<Report> AnalyzeLoaded(const TrainedNetwork& network, const task::Task& task,
                                     const Settings& settings, uint64_t base_seed,
                                     absl::string_view stream_key, const Progress& progress) {
  Report report;
  Stage stage(progress);
  stage.Enter("states");
  const Trajectories trajectories = RunProbe(network, task.Probe(base_seed), stage.go_on());
  if (stage.stopped()) return stage.Cancelled();
  report.states_file = EncodeHiddenStates(network, trajectories);

  const std::vector<task::Condition> conditions = task.Conditions();
  Search search{network,
                trajectories,
                ReachableRange(network.spec, trajectories),
                settings,
                base::DeriveStream(base_seed, stream_key, "fixed points"),
                static_cast<int>(conditions.size()),
                task.graph() == task::GraphKind::kNearestNeighbourWithinCondition,
                stage.go_on()};
  if (settings.start_noise < 0) search.settings.start_noise = task.start_noise();
  absl::StatusOr<std::vector<FixedPoint>> points = SearchAll(search, conditions, stage, report);
  if (!points.ok()) return points.status();

  if (!stage.Enter("graph")) return stage.Cancelled();
  const absl::StatusOr<Graph> graph =
      MakeGraph(network, *points, task, search.settings,
                base::DeriveStream(base_seed, stream_key, "transitions"), stage);
  if (!graph.ok()) return graph.status();
  base::Archive archive = FixedPointArchive(network.spec, *points, *graph, Name(task.graph()),
                                            search.settings, report.conditions);
  if (!stage.Enter("ways")) return stage.Cancelled();
  AddWays(network, *points, *graph, task, trajectories, stage.go_on(), archive);
  if (stage.stopped()) return stage.Cancelled();
  absl::StatusOr<std::string> file = archive.Encode();
  if (!file.ok()) return file.status();
  report.fixed_points_file = *std::move(file);
  progress("ways", 1);
  return report;
}

}  // namespace

std::vector<int> UsableDevices() {
  const torch::NoGradGuard no_grad;
  std::vector<int> usable;
  for (int device = 0; device < static_cast<int>(torch::cuda::device_count()); ++device) {
    try {
      const Tensor ones = torch::eye(2, torch::device(CudaDevice(device)).dtype(torch::kFloat64));
      const Tensor batch = ones.expand({2, 2, 2}).contiguous();
      const Tensor solved = std::get<0>(torch::linalg_solve_ex(batch, batch));
      const Tensor factor = std::get<0>(torch::linalg_cholesky_ex(solved));
      if (torch::cholesky_solve(batch, factor).cpu().sum().item<double>() == 4) {
        usable.push_back(device);
      }
    } catch (const std::exception&) {
      // It has no code for this device, or no memory is left there.
    }
  }
  return usable;
}

absl::StatusOr<Report> Analyze(const rnn::NetworkFile& network, const task::Task& task,
                               const Settings& settings, uint64_t base_seed,
                               absl::string_view stream_key, const Progress& progress, int device) {
  const torch::NoGradGuard no_grad;
  if (absl::Status status = CheckFits(network.spec, task); !status.ok()) return status;
  if (absl::Status status = CheckSettings(settings); !status.ok()) return status;
  const torch::Device where =
      device == kProcessor ? torch::Device(torch::kCPU) : CudaDevice(device);
  try {
    const absl::StatusOr<TrainedNetwork> loaded = Load(network, where);
    if (!loaded.ok()) return loaded.status();
    return AnalyzeLoaded(*loaded, task, settings, base_seed, stream_key, progress);
  } catch (const std::exception& error) {
    // libtorch reports out-of-memory and LAPACK's failures by exceptions.
    return base::StatusOfThrown("the analysis", error);
  }
}

}  // namespace rnnfarm::dynamics
