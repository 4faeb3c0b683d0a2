// Which gate of a cell is what.
#ifndef RNNFARM_WORKER_RNN_GATES_H_
#define RNNFARM_WORKER_RNN_GATES_H_

#include "worker/rnn/cell_spec.h"

namespace rnnfarm::rnn {

// The gate, by its place in ParameterLayout's stack, whose sigmoid holds b_fg: the update gate, or
// the LSTM's forget gate. -1: none.
int BiasedGate(Architecture architecture);

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_GATES_H_
