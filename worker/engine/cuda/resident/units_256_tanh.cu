#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/resident/sequence.h"

namespace rnnfarm::engine::cuda {

CudaSequence Resident256Tanh(rnn::Architecture architecture) {
  return ResidentSequence<CudaMachine, TanhActivation<Scalar>, 256>(architecture);
}

}  // namespace rnnfarm::engine::cuda
