#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/resident_sequence.h"

namespace rnnfarm::engine::cuda {

namespace {

template <class C, class A>
CudaSequence Of() {
  using Kernels = Resident<CudaMachine, C, A, 128>;
  return {&Kernels::Forward, &Kernels::Backward};
}

template <class A>
CudaSequence With(rnn::Architecture architecture) {
  return architecture == rnn::Architecture::kLeaky ? Of<LeakyCell<Scalar, A>, A>()
                                                   : Of<VanillaCell<Scalar, A>, A>();
}

}  // namespace

CudaSequence Resident128(rnn::Architecture architecture, rnn::Activation activation) {
  return activation == rnn::Activation::kTanh ? With<TanhActivation<Scalar>>(architecture)
                                              : With<ReluActivation<Scalar>>(architecture);
}

}  // namespace rnnfarm::engine::cuda
