#include "worker/rnn/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace rnnfarm::rnn {

void UseOneThread() {
  at::set_num_threads(1);
  using SetThreads = void (*)(int);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(symbol)(1);
  }
}

}  // namespace rnnfarm::rnn
