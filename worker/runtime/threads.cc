#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "worker/runtime/worker.h"

namespace rnnfarm::worker {

void UseOneThreadPerNetwork() {
  at::set_num_threads(1);
  at::set_num_interop_threads(1);
  // libtorch's setting does not reach a BLAS that keeps threads of its own.
  using SetThreads = void (*)(int);
  if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(1);
  }
}

}  // namespace rnnfarm::worker
