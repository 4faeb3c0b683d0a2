#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/resident/sequence.h"

namespace rnnfarm::engine::cuda {

CudaSequence Resident64Tanh(rnn::Architecture architecture) {
  return ResidentSequence<CudaMachine, TanhActivation<Scalar>, 64>(architecture);
}

}  // namespace rnnfarm::engine::cuda
