// The resident design of sequence.h as a whole.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SEQUENCE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SEQUENCE_H_

#include "worker/engine/cuda/resident_backward.h"
#include "worker/engine/cuda/resident_forward.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

template <class Machine, class C, class A, int kUnits>
struct Resident {
  using ForwardKernel = ResidentForward<C, kUnits>;
  using BackwardKernel = ResidentBackward<C, A, kUnits>;

  static void Forward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                      int steps) {
    machine.Launch(ForwardKernel{layout, arrays, steps}, slots,
                   ForwardKernel::SharedFloats(layout));
  }
  static void Backward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                       int steps) {
    machine.Launch(BackwardKernel{layout, arrays, steps}, slots,
                   BackwardKernel::SharedFloats(layout));
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
