// What a trained network does, taken apart: hidden states on the probe, fixed points of every
// condition, the linear maps around them, and the graph between them.
//
// Deterministic: a function of the network, the task, the settings and (base_seed, stream_key), on
// one kind of device.
#ifndef RNNFARM_WORKER_DYNAMICS_ANALYSIS_H_
#define RNNFARM_WORKER_DYNAMICS_ANALYSIS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/rnn/network_file.h"
#include "worker/task/task.h"

namespace rnnfarm::dynamics {

struct Settings {
  int starts = 256;              // of each round
  int rounds = 16;               // at most
  double start_noise = -1;       // s.d.; negative: the task's own
  double tolerance = 1e-20;      // largest q of an isolated fixed point
  double slow_tolerance = 1e-6;  // largest q of a slow point
  double merge_distance = 1e-3;
  int max_iterations = 100;  // Newton steps a start
  int graph_runs = 100;      // runs from each fixed point
  double graph_epsilon = 0.05;
};

// Whether all fixed points of a condition were found; see docs/science.md.
enum class Verdict { kCertified, kIncomplete, kNoTheorem, kNoFixedPoint };
// "certified", "incomplete", "no_theorem", "no_fixed_point"
absl::string_view Name(Verdict verdict);

struct ConditionSummary {
  int condition = 0;
  std::vector<int> by_index;  // points with 0, 1, 2, … unstable directions
  int index_sum = 0;          // sum of sign det(I - J)
  bool certified = false;
  Verdict verdict = Verdict::kNoFixedPoint;
  int starts = 0, converged = 0, unique = 0;
  std::map<std::string, int> rejected;  // by reason
  double estimated_unseen = 0;          // Chao1
  double largest_q = 0;
};

struct Report {
  // .npy, trials x time x units, float32: h only.
  std::string states_file;
  // .npz: xstar (points, S), inputs (points, M), qstar (points), J_xstar (points, S, S), dFdx
  // (points, S, M), eigval_J_xstar (points, S), eigvec_J_xstar (points, S, S; columns) and
  // left_eigvec_J_xstar (points, S, S; rows) complex, eigval_condition, time_constant (steps) and
  // frequency (cycles a step) of each mode (points, S), is_stable
  // (points), cond_id (points), n_unstable (points), readout (points, K), is_slow (points),
  // transitions (nodes, nodes; the graph that topology compares), node_point (nodes; row of xstar
  // of each node), meta, and what AddWays adds.
  std::string fixed_points_file;
  std::vector<ConditionSummary> conditions;
};

// The processor, among the devices on which the work on many states at once is done.
inline constexpr int kProcessor = -1;
// The CUDA devices on which libtorch does that work, by their numbers in CUDA's order; none where
// it was built without CUDA. Tries each with what an analysis asks for, which loads libtorch's
// libraries: to be called before threads that analyse on devices.
std::vector<int> UsableDevices();

// `progress` is called with a phase ("states", "fixed points", "graph", "ways") and a share 0 to 1,
// which may repeat: at least every few seconds, and up to 100,000 times a second where networks are
// small. False cancels (CANCELLED). States and fixed points are searched for on `device`, which
// rounds differently: the same bytes come of the same kind of device.
absl::StatusOr<Report> Analyze(const rnn::NetworkFile& network, const task::Task& task,
                               const Settings& settings, uint64_t base_seed,
                               absl::string_view stream_key,
                               const std::function<bool(absl::string_view, double)>& progress,
                               int device = kProcessor);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_ANALYSIS_H_
