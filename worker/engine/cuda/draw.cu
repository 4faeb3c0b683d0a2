// Compiled with -fmad=false.
#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/draw.h"

namespace rnnfarm::engine::cuda {

void DrawOnDevice(CudaMachine& machine, const Layout& layout, const Arrays& arrays,
                  const TrialSource& source, int64_t slots, int steps) {
  Draw(machine, layout, arrays, source, slots, steps);
}

}  // namespace rnnfarm::engine::cuda
