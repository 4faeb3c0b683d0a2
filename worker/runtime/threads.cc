#include "worker/rnn/threads.h"

#include <ATen/Parallel.h>

#include "worker/runtime/worker.h"

namespace rnnfarm::worker {

void UseOneThreadPerNetwork() {
  rnn::UseOneThread();
  at::set_num_interop_threads(1);
}

}  // namespace rnnfarm::worker
