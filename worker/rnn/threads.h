// How many threads the libraries under libtorch use.
#ifndef RNNFARM_WORKER_RNN_THREADS_H_
#define RNNFARM_WORKER_RNN_THREADS_H_

namespace rnnfarm::rnn {

// One for the operations that this thread calls, libtorch's own and its BLAS's, which keeps threads
// that libtorch's setting does not reach: parallelism is across networks, and a sum that is split
// among threads has other bytes.
void UseOneThread();

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_THREADS_H_
