#include "worker/engine/cpu/instantiate.h"
#include "worker/engine/cpu/vector_avx512.h"

namespace rnnfarm::engine::cpu {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = Instantiation<Avx512>::Table("avx512");

}  // namespace rnnfarm::engine::cpu
