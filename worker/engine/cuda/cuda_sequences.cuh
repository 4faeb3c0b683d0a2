// The kernels of both designs, compiled in one file each.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_CUDA_SEQUENCES_CUH_
#define RNNFARM_WORKER_ENGINE_CUDA_CUDA_SEQUENCES_CUH_

#include "worker/engine/cuda/cuda_machine.cuh"
#include "worker/engine/cuda/trial_source.h"

namespace rnnfarm::engine::cuda {

using CudaSequence = Sequence<CudaMachine>;

CudaSequence GeneralOnDevice(rnn::Architecture architecture, rnn::Activation activation);
CudaSequence Resident32(rnn::Architecture architecture, rnn::Activation activation);
CudaSequence Resident64Tanh(rnn::Architecture architecture);
CudaSequence Resident64Relu(rnn::Architecture architecture);
CudaSequence Resident128Tanh(rnn::Architecture architecture);
CudaSequence Resident128Relu(rnn::Architecture architecture);
CudaSequence Resident256Tanh(rnn::Architecture architecture);
CudaSequence Resident256Relu(rnn::Architecture architecture);

void DrawOnDevice(CudaMachine& machine, const Layout& layout, const Arrays& arrays,
                  const TrialSource& source, int64_t slots, int steps);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_CUDA_SEQUENCES_CUH_
