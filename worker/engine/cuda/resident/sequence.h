// The resident design of sequence.h as a whole.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SEQUENCE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SEQUENCE_H_

#include <algorithm>
#include <type_traits>

#include "worker/engine/cuda/resident/backward.h"
#include "worker/engine/cuda/resident/cluster_backward.h"
#include "worker/engine/cuda/resident/forward.h"
#include "worker/engine/cuda/resident/steps_gradient.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

// How many blocks share a network: so many that its weights, and what passes between its units,
// fit into their memory on compute capability 9.0.
constexpr int NetworkBlocks(int gates, int units) {
  if (units <= 64) return 1;
  if (units <= 128) return gates == 1 ? 1 : 2;
  return gates == 1 ? 4 : 8;
}

// The kernels of a cell.
template <class C, class A, int kUnits>
struct ResidentKernels {
  static constexpr int kBlocks = NetworkBlocks(C::kGates, kUnits);
  using Forward = ResidentForward<C, kUnits, kBlocks>;
  using Backward = std::conditional_t<kBlocks == 1, ResidentBackward<C, A, kUnits>,
                                      ClusterBackward<C, A, kUnits, kBlocks>>;

  // Of one block.
  static int64_t SharedFloats(const Layout& layout) {
    return std::max(Forward::SharedFloats(layout), Backward::SharedFloats(layout));
  }
};

template <class Machine, class C, class A, int kUnits>
struct Resident {
  using Kernels = ResidentKernels<C, A, kUnits>;

  static void Forward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                      int steps) {
    using Kernel = typename Kernels::Forward;
    machine.LaunchClusters(Kernel{layout, arrays, steps}, slots, Kernel::SharedFloats(layout));
  }

  static void Backward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                       int steps) {
    using Kernel = typename Kernels::Backward;
    if constexpr (Kernels::kBlocks == 1) {
      machine.Launch(Kernel{layout, arrays, steps}, slots, Kernel::SharedFloats(layout));
    } else {
      machine.LaunchClusters(Kernel{layout, arrays, steps}, slots, Kernel::SharedFloats(layout));
      machine.Launch(StepsGradient{layout, arrays, steps},
                     slots * StepsGradient::SlotBlocks(layout), StepsGradient::kSharedFloats);
    }
  }
};

// Of an activation.
template <class Machine, class A, int kUnits>
Sequence<Machine> ResidentSequence(rnn::Architecture architecture) {
  return WithCell<A>(architecture, [](auto cell, auto) {
    using Of = Resident<Machine, decltype(cell), A, kUnits>;
    return Sequence<Machine>{&Of::Forward, &Of::Backward};
  });
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SEQUENCE_H_
