#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/resident/sequence.h"

namespace rnnfarm::engine::cuda {

CudaSequence Resident32(rnn::Architecture architecture, rnn::Activation activation) {
  return activation == rnn::Activation::kTanh
             ? ResidentSequence<CudaMachine, TanhActivation<Scalar>, 32>(architecture)
             : ResidentSequence<CudaMachine, ReluActivation<Scalar>, 32>(architecture);
}

}  // namespace rnnfarm::engine::cuda
