#include "worker/engine/cpu/instantiate.h"
#include "worker/engine/cpu/vector_avx2.h"

namespace rnnfarm::engine::cpu {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = Instantiation<Avx2>::Table("avx2");

}  // namespace rnnfarm::engine::cpu
