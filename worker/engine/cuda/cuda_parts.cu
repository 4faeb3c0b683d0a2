#include "worker/engine/cuda/available.h"
#include "worker/engine/cuda/cuda_sequences.cuh"
#include "worker/engine/cuda/population_on.h"

namespace rnnfarm::engine::cuda {

namespace {

CudaSequence SequenceOf(const Layout& layout) {
  if (!layout.resident) return GeneralOnDevice(layout.architecture, layout.activation);
  const bool tanh = layout.activation == rnn::Activation::kTanh;
  switch (layout.units) {
    case 32:
      return Resident32(layout.architecture, layout.activation);
    case 64:
      return tanh ? Resident64Tanh(layout.architecture) : Resident64Relu(layout.architecture);
    case 128:
      return tanh ? Resident128Tanh(layout.architecture) : Resident128Relu(layout.architecture);
    default:
      return tanh ? Resident256Tanh(layout.architecture) : Resident256Relu(layout.architecture);
  }
}

}  // namespace

std::unique_ptr<Parts> MakeCudaParts(int device, const Layout& layout, Rounding rounding,
                                     const Trials& trials, std::vector<Slot> slots) {
  auto machine = std::make_unique<CudaMachine>(device, rounding);
  if (!layout.resident) machine->PrepareProducts();
  return std::make_unique<PopulationOn<CudaMachine>>(std::move(machine), layout, SequenceOf(layout),
                                                     &DrawOnDevice, trials, std::move(slots));
}

}  // namespace rnnfarm::engine::cuda
