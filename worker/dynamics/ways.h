// What of a network's dynamics lies between and beyond its fixed points, by the kind of its task,
// as arrays for its file.
#ifndef RNNFARM_WORKER_DYNAMICS_WAYS_H_
#define RNNFARM_WORKER_DYNAMICS_WAYS_H_

#include <vector>

#include "base/array_file.h"
#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/graph.h"
#include "worker/dynamics/trained_network.h"
#include "worker/task/task.h"

namespace rnnfarm::dynamics {

// Into the archive, by the graph of the task. Indices are rows of xstar, -1 none.
//
// Transition graph: pulse_inputs (pulses, M), pulse_from (stable points) and pulse_to (stable
// points, pulses), see FollowPulses; orbit_from, orbit_to, orbit_mode and orbit_sign (orbits),
// orbit_states (samples, S) float32 and orbit_first (orbits + 1), the first sample of each orbit
// and the end of the last, see HeteroclinicOrbits.
//
// Over conditions: command_frequency and linear_frequency (nodes), cycles a step, the latter of the
// node's leading complex mode, NaN where all are real; cycle_period, cycle_trained_period (steps),
// cycle_amplitude and cycle_multiplier (conditions), see LimitCycle.
//
// Within conditions: mode_response (points, M, modes, steps) and response_steps (steps), see
// ModeResponse.
void AddWays(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
             const Graph& graph, const task::Task& task, const Trajectories& trajectories,
             const GoOn& go_on, base::Archive& archive);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_WAYS_H_
