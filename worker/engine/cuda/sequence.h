// A pass of a whole batch through every network of a population, forward in time and back. There
// are two designs:
//
//   general   any shape and precision: a strided-batched product a step, point-wise kernels behind
//             it, the gradient of all weights as one product over all steps at the end
//             (general_sequence.h)
//   resident  float32, some sizes: one block a network, or a cluster of several, keeps weights and
//             state in its multiprocessors' own memory for all steps (resident/sequence.h)
#ifndef RNNFARM_WORKER_ENGINE_CUDA_SEQUENCE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_SEQUENCE_H_

#include <cstdint>

#include "worker/engine/cuda/layout.h"

namespace rnnfarm::engine::cuda {

// C (m, n) = op(A) (m, k) op(B) (k, n) + beta C, row-major, for every slot.
struct Product {
  struct Factor {
    const float* first = nullptr;
    int64_t row = 0;   // from one row to the next
    int64_t slot = 0;  // from one slot to the next
    bool transposed = false;
  };
  int64_t m = 0, n = 0, k = 0;
  Factor a, b;
  float beta = 0;
  float* c = nullptr;
  int64_t c_row = 0, c_slot = 0;
  int64_t slots = 0;
};

// A Machine has (block.h)
//   template <class Kernel> void Launch(const Kernel&, int64_t blocks, int64_t shared_floats);
//   template <class Kernel> void LaunchClusters(const Kernel&, int64_t clusters,
//                                               int64_t shared_floats);   of each block
//   void Multiply(const Product& product);
template <class Machine>
struct Sequence {
  // From weights, the states' [x, 1] and noise: the states of steps 1 … steps.
  void (*forward)(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                  int steps) = nullptr;
  // From `error`: the gradient of the weights and of the initial state, not of the readout. After
  // forward.
  void (*backward)(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                   int steps) = nullptr;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_SEQUENCE_H_
