// The kinds of cells, for code that knows nothing else of a network, such as a device's.
#ifndef RNNFARM_WORKER_RNN_ARCHITECTURE_H_
#define RNNFARM_WORKER_RNN_ARCHITECTURE_H_

namespace rnnfarm::rnn {

enum class Architecture { kVanilla, kUgrnn, kGru, kLstm, kLeaky };
enum class Activation { kTanh, kRelu };

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_ARCHITECTURE_H_
