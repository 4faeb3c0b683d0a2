#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/general_sequence.h"

namespace rnnfarm::engine::cuda {

CudaSequence GeneralOnDevice(rnn::Architecture architecture, rnn::Activation activation) {
  return GeneralSequence<CudaMachine>(architecture, activation);
}

}  // namespace rnnfarm::engine::cuda
