// The search for fixed points that the field's tools do: Adam on q from many starts at once.
#ifndef RNNFARM_BENCH_ADAM_SEARCH_H_
#define RNNFARM_BENCH_ADAM_SEARCH_H_

#include <torch/torch.h>

#include "worker/dynamics/newton.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::bench {

// The defaults of fixed-point-finder's PyTorch version (Golub and Sussillo, JOSS 3(31), 2018; its
// file FixedPointFinderTorch.py): joint optimisation of the mean q in float32 by Adam, step size
// 0.05, times 0.7 every 500 iterations, until every start has q < 1e-12 or changes by less than
// 1e-20, 5,000 iterations at most; points that differ by less than 1e-3 are one.
struct AdamDefaults {
  double learning_rate = 0.05, factor = 0.7;
  int64_t factor_every = 500, max_iterations = 5000;
  double tolerance = 1e-12, least_change = 1e-20;
  double unique = 1e-3;
};

// Our own libtorch code for it. states and q as float64; `iterations` done.
dynamics::Solved AdamOnQ(const dynamics::TrainedNetwork& network, const torch::Tensor& input,
                         const torch::Tensor& starts, const AdamDefaults& defaults,
                         int64_t& iterations);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_ADAM_SEARCH_H_
