// The search for all fixed points of one condition.
//
// Rounds of Newton searches: the first from states of the probe's trajectories, the later ones from
// convex combinations of what was found, until a round finds nothing new, less than one point is
// estimated to be unseen and, for tanh cells, the certificate holds.
#ifndef RNNFARM_WORKER_DYNAMICS_FIXED_POINTS_H_
#define RNNFARM_WORKER_DYNAMICS_FIXED_POINTS_H_

#include <torch/torch.h>

#include <vector>

#include "base/random_stream.h"
#include "worker/dynamics/analysis.h"
#include "worker/dynamics/go_on.h"
#include "worker/dynamics/linear_dynamics.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// Isolated points kept of one condition; a network with a continuum of them has no end of points.
inline constexpr int kMaxIsolatedPoints = 512;
// Slow points kept of one condition, evenly along the readout; fewer where their matrices
// would take more than kMaxSlowBytes, but enough for the nodes of the graph.
inline constexpr int kMaxSlowPoints = 200;
inline constexpr int kFewestSlowPoints = 50;
inline constexpr int64_t kMaxSlowBytes = 32 << 20;

struct FixedPoint {
  int condition = 0;
  torch::Tensor state;  // (S)
  torch::Tensor input;  // (M)
  double q = 0;
  int hits = 0;       // starts that ended here
  bool slow = false;  // q is small, not zero: on a slow manifold
  std::vector<double> readout;
  LinearMap map;
};

// What the searches of all conditions share.
struct Search {
  const TrainedNetwork& network;
  const Trajectories& trajectories;
  torch::Tensor range;  // (S), see ReachableRange
  Settings settings;    // start_noise >= 0
  base::StreamKey random;
  int conditions = 1;
  bool slow_manifolds = false;  // keep slow points too
  GoOn go_on = nullptr;
};

struct ConditionPoints {
  std::vector<FixedPoint> points;  // by rounded readout, then unstable directions, then readout
  ConditionSummary summary;
};

// `also`, (any, S) or undefined, are further starts: the points of the condition before.
ConditionPoints FindFixedPoints(const Search& search, int condition, const torch::Tensor& input,
                                const torch::Tensor& also);

// Starts of one round: `starts` for up to two conditions, a share of them for many.
int StartsPerRound(const Settings& settings, int conditions);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_FIXED_POINTS_H_
