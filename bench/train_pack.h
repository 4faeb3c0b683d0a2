// How fast an engine trains a pack of networks of one shape.
#ifndef RNNFARM_BENCH_TRAIN_PACK_H_
#define RNNFARM_BENCH_TRAIN_PACK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::bench {

struct PackCase {
  const task::Task* task = nullptr;
  rnn::CellSpec cell;
  int networks = 1;  // with learning rates of their own
  engine::Precision precision = engine::Precision::kFp32;
};

// Seconds an iteration and network with all of this machine's threads, mean of about `iterations`
// behind the first few, which are left out as is everything before them and behind the last.
// INTERNAL if a network does not train to its end.
absl::StatusOr<double> SecondsPerNetwork(engine::Engine& engine, const PackCase& pack_case,
                                         int64_t iterations);

// "fp32", "tf32", "bf16", as a sweep names them.
absl::StatusOr<engine::Precision> ParsePrecision(absl::string_view name);
absl::string_view Name(engine::Precision precision);

// What it trains on, in words.
std::string DeviceName(absl::string_view engine);

// Rather than on the processor.
bool TrainsOnDevice(absl::string_view engine);

// Of this machine.
int Threads();

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_PACK_H_
