// The layout of a population, how it is computed, and what it takes.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_SIZE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_SIZE_H_

#include <cstdint>

#include "worker/engine/cuda/layout.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine::cuda {

enum class Design { kAutomatic, kGeneral, kResident };

// Without `resident` and `blocks`.
Layout LayoutOf(const Plan& plan, const rnn::CellSpec& cell);

// How many blocks a network of the resident design has; 0 where there are no kernels for it, or
// none that fit.
int ResidentBlocks(const Layout& layout, const BlockLimits& limits);

// Chooses for a shape: resident where `design` and precision leave it and the device can. By itself
// up to 128 units: beyond, a step's products are large enough for the library's kernels, and one
// launch more a step weighs little.
void ChooseDesign(Design design, bool fp32, const BlockLimits& limits, Layout& layout);

// What the arrays of a data set take; 0 for other tasks.
int64_t DatasetBytes(const task::Task& task);

// What one slot takes on the device.
int64_t SlotBytes(const Layout& layout, bool masked);
// What all slots share, a data set apart: the validation set, and cuBLAS's workspace in the general
// design.
int64_t SharedBytes(const Layout& layout, bool masked);

// How many networks of the general design are multiplied at once: as many as fill a device, by the
// layout alone, because the library's choice of a kernel, and with it the order of its sums,
// follows from their number.
int GeneralSlots(const Layout& layout);

// How many slots of a pack of `networks` fit into `bytes`; 0: not even one (of the general design:
// not even GeneralSlots).
int64_t SlotsThatFit(const Layout& layout, bool masked, int64_t networks, int64_t bytes);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_SIZE_H_
