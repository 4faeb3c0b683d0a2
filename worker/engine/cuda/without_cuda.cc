// What a build without CUDA says.
#include <stdexcept>

#include "worker/engine/cuda/available.h"

namespace rnnfarm::engine::cuda {

namespace {

constexpr char kWithout[] =
    "this build is without CUDA; configure it with -DRNNFARM_CUDA=ON and a CUDA compiler";

}  // namespace

std::string FindCudaDevices(std::vector<Device>&) { return kWithout; }

std::unique_ptr<Parts> MakeCudaParts(int, const Layout&, Rounding, const Trials&,
                                     std::vector<Slot>) {
  throw std::logic_error(kWithout);
}

BlockLimits LimitsOfBlocks(int) { throw std::logic_error(kWithout); }

int64_t FreeBytes(int) { throw std::logic_error(kWithout); }

}  // namespace rnnfarm::engine::cuda
