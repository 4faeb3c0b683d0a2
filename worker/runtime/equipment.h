// What a worker works with, made once from its options, and what it tells its coordinator of that.
#ifndef RNNFARM_WORKER_RUNTIME_EQUIPMENT_H_
#define RNNFARM_WORKER_RUNTIME_EQUIPMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rnnfarm/v1/population.pb.h"
#include "worker/runtime/trainers.h"
#include "worker/runtime/worker.h"

namespace rnnfarm::worker {

struct Equipment {
  std::string engine;
  // One a device, or the one of the processor.
  std::vector<Trainer> trainers;
  std::vector<int> analysis_devices;  // none: the processor
  int threads = 0;
  int max_pack = 0;
  int64_t memory_bytes = 0;        // v1::Capability's
  double peak_flops_per_core = 0;  // 0: not known

  bool on_devices() const { return trainers.front().on_device; }
};

// Of options whose threads are given. Measures the peak of a core. An error is one sentence about
// what was asked for and is not there.
absl::StatusOr<Equipment> Equip(const Options& options);

v1::Capability CapabilityOf(const Equipment& equipment);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_EQUIPMENT_H_
