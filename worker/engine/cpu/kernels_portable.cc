#include "worker/engine/cpu/instantiate.h"
#include "worker/engine/cpu/vector_portable.h"

namespace rnnfarm::engine::cpu {

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = Instantiation<Portable>::Table("portable");

}  // namespace rnnfarm::engine::cpu
