// Training of many networks of one shape at once.
//
//   auto engine = engine::MakeEngine("cpu");
//   auto results = (*engine)->Train(plan, pack, threads, observer);
//
// Host vectors in, host vectors out: an engine may run on libtorch (`reference`), hand-written CPU
// code or a GPU, and none of it shows here. Every engine promises: a network's result is a function
// of its own Member and the plan alone, the same bytes in any pack, with any number of threads and
// however often it was cut and resumed.
#ifndef RNNFARM_WORKER_ENGINE_ENGINE_H_
#define RNNFARM_WORKER_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/rnn/cell_spec.h"
#include "worker/rnn/network_file.h"
#include "worker/task/task.h"

namespace rnnfarm::engine {

struct CurriculumStage {
  int steps = 0;
  double share = 0;  // of the iterations
};

// Arithmetic of the products of training. Everything else is float32, and what is computed of a
// trained network afterwards is float64.
enum class Precision {
  kFp32,  // float32 throughout
  kTf32,  // factors rounded to TF32 (10 bits), sums in float32
  kBf16,  // factors rounded to bfloat16 (7 bits), sums in float32
};

// What all networks of a pack have in common.
struct Plan {
  const task::Task* task = nullptr;
  uint64_t base_seed = 0;
  int64_t iterations = 20000;  // of the whole schedule
  int batch_size = 64;
  int64_t decay_steps = 20000;
  int validation_trials = 512;
  int64_t checkpoint_every = 1000;  // iterations
  int64_t log_every = 50;           // iterations
  Precision precision = Precision::kFp32;
  std::vector<CurriculumStage> curriculum;
};

struct Hyperparameters {
  double learning_rate = 0, lr_decay = 1, momentum = 0, clip_norm = 1;
};

// Everything that training needs to go on as if it had never stopped.
struct Checkpoint {
  int64_t iteration = 0;                    // done
  std::vector<float> parameters, velocity;  // by rnn::ParameterLayout
  std::vector<rnn::LossPoint> loss_curve;
  // Sum of training losses since the last point of the curve.
  double pending_loss = 0;
};

// The .npz of a checkpoint; Decode refuses one of another shape by the array's name.
absl::StatusOr<std::string> EncodeCheckpoint(const rnn::CellSpec& spec,
                                             const Checkpoint& checkpoint);
absl::StatusOr<Checkpoint> DecodeCheckpoint(const rnn::CellSpec& spec, absl::string_view bytes,
                                            absl::string_view source);

struct Member {
  std::string stream_key;  // names its random streams
  rnn::CellSpec cell;
  double l2 = 0;
  Hyperparameters hyperparameters;
  int64_t until_iteration = 0;
  // iteration 0 and empty vectors: from initialisation.
  Checkpoint start;
};

enum class Ending { kTrained, kDiverged, kStopped };

struct Outcome {
  Ending ending = Ending::kStopped;
  // Where it ended. For kDiverged the loss curve and the iteration of its last point alone: what is
  // told of a divergence does not depend on where training was cut.
  Checkpoint last;
  // Of `last`, without L2; for kStopped the last one measured before.
  double validation_loss = 0;
  int64_t diverged_at = 0;      // iteration
  double last_finite_loss = 0;  // for kDiverged the training loss of the curve's last point
  double seconds = 0;
};

struct Progress {
  int64_t iteration = 0;
  double loss = 0;  // training, without L2
  double iterations_per_second = 0;
  // Useful floating-point operations: UsefulOperations(…) an iteration.
  double operations_per_second = 0;
};

// 6 B T G N²: what an iteration of `steps` steps needs for the recurrent products, forward,
// backward to the state and for the weight gradient. Inputs, readout, gates and trials are left
// out, so that doing less work cannot look like speed.
double UsefulOperations(const rnn::CellSpec& cell, int batch_size, int steps);

// Called from the engine's threads, for different members at the same time.
class Observer {
 public:
  virtual ~Observer() = default;
  // At every logging interval. False stops this member: its Outcome is kStopped with a resumable
  // checkpoint.
  virtual bool OnProgress(size_t member, const Progress& progress) = 0;
  virtual void OnCheckpoint(size_t member, const Checkpoint& checkpoint) = 0;
  // This member is done, whatever the others of its pack are at. Its memory is free again.
  virtual void OnEnd(size_t /*member*/, const Outcome& /*outcome*/) {}
  // This member was given up, for want of memory (RESOURCE_EXHAUSTED) or because the library failed
  // (INTERNAL). The others go on; Train returns the first such failure when they have ended.
  virtual void OnFailure(size_t /*member*/, const absl::Status& /*failure*/) {}
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual absl::string_view name() const = 0;
  // What Train(plan, pack, threads) takes at most, beside the pack itself.
  virtual int64_t MemoryBytes(const Plan& plan, absl::Span<const Member> pack,
                              int threads) const = 0;
  virtual absl::StatusOr<std::vector<Outcome>> Train(const Plan& plan,
                                                     absl::Span<const Member> pack, int threads,
                                                     Observer& observer) = 0;
};

// The parameters that `member` starts training with: its initial state, untrained.
std::vector<float> InitialParameters(uint64_t base_seed, absl::string_view stream_key,
                                     const rnn::CellSpec& cell);

struct Limits {
  // Train uses fewer threads rather than exceed this; RESOURCE_EXHAUSTED where one network alone
  // does. 0: no limit.
  int64_t memory_bytes = 0;
  // Of FindDevices(), for the engines that train on one.
  int device = 0;
};

// "cpu", "reference" or, where this build has it, "cuda". INVALID_ARGUMENT lists the engines that
// this build has; FAILED_PRECONDITION says why the device cannot be used.
absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(absl::string_view name, Limits limits = {});

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_ENGINE_H_
