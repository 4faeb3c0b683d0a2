// How work that may take minutes is watched and stopped.
#ifndef RNNFARM_WORKER_DYNAMICS_GO_ON_H_
#define RNNFARM_WORKER_DYNAMICS_GO_ON_H_

#include <functional>

namespace rnnfarm::dynamics {

// Asked between steps of at most seconds, on the thread that works: each question is a sign of
// life. False ends the work at once, and what it returns is then not to be used. Empty: goes on.
using GoOn = std::function<bool()>;

inline bool Asked(const GoOn& go_on) { return !go_on || go_on(); }

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_GO_ON_H_
