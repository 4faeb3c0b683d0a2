// Orders of points along what the network says.
#ifndef RNNFARM_WORKER_DYNAMICS_READOUT_ORDER_H_
#define RNNFARM_WORKER_DYNAMICS_READOUT_ORDER_H_

#include <vector>

namespace rnnfarm::dynamics {

// A readout to whole numbers, the spacing of the tasks' levels, so that -0.99 and -1.01 are one.
std::vector<double> RoundedReadout(const std::vector<double>& readout);

// Indices, increasing and all different, of the elements of `sorted` (ascending) that are nearest
// to `count` evenly spaced values from `from` to `to`; all of them where there are no more.
std::vector<int> EvenlySpaced(const std::vector<double>& sorted, double from, double to, int count);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_READOUT_ORDER_H_
