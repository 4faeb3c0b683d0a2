// The engine on libtorch: each network is trained wholly by one thread, a queue of networks by as
// many threads as are given.
#ifndef RNNFARM_WORKER_ENGINE_REFERENCE_ENGINE_H_
#define RNNFARM_WORKER_ENGINE_REFERENCE_ENGINE_H_

#include <memory>

#include "worker/engine/engine.h"

namespace rnnfarm::engine {

inline constexpr absl::string_view kReferenceEngine = "reference";

std::unique_ptr<Engine> MakeReferenceEngine(Limits limits = {});

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_REFERENCE_ENGINE_H_
