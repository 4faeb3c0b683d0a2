// What a network is asked to do. A Task generates trials, the probe (the same tensor for every
// network) and the static conditions x*. Thread-safe: all methods are const.
#ifndef RNNFARM_WORKER_TASK_TASK_H_
#define RNNFARM_WORKER_TASK_TASK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random_stream.h"

namespace rnnfarm::task {

// Trials as dense float32 arrays in C order. Mask entries weigh the squared error; a task without
// a mask leaves it empty.
struct Trials {
  int count = 0, steps = 0, inputs = 0, outputs = 0;
  std::vector<float> x;     // count x steps x inputs
  std::vector<float> y;     // count x steps x outputs
  std::vector<float> mask;  // count x steps x outputs, or empty
};

// A static input at which dynamics are analysed.
struct Condition {
  std::vector<double> input;  // M
  // What orders or labels the condition: the command's frequency in cycles a step for sine, the
  // context's index for context integration, 0 otherwise.
  double label = 0;
};

// How the fixed points of this task become a graph (docs/science.md, Topology).
enum class GraphKind {
  kTransition,
  kNearestNeighbourOverConditions,
  kNearestNeighbourWithinCondition
};

struct FlipFlop {
  int bits = 3;
  int steps = 100;
  double flip_probability = 0.05;
  bool initial_pulse = true;
};
struct SineWave {
  int steps = 500;
  double min_frequency = 0.01, max_frequency = 0.05;  // cycles a step
  int conditions = 51;
};
struct ContextIntegration {
  int contexts = 2;
  int steps = 30;
};
struct Dataset {
  std::string bytes;   // of the .npz
  std::string source;  // its name, for errors
};
using TaskSpec = std::variant<FlipFlop, SineWave, ContextIntegration, Dataset>;

// What determines the trials that a task generates, for engines that generate the same ones on a
// device: its fields, or all trials of its data set, which live as long as the task does; null:
// trials that only the processor can make.
using TrialRecipe = std::variant<FlipFlop, SineWave, ContextIntegration, const Trials*>;

class Task {
 public:
  virtual ~Task() = default;
  virtual int inputs() const = 0;
  virtual int outputs() const = 0;
  virtual int steps() const = 0;  // T of a full trial
  // Trial `row` of a batch is a pure function of (key, substream of the row), the same bytes on
  // every processor. `steps` <= steps(). Overwrites `trials`, whose vectors are used again: sizes
  // that they have held before allocate nothing.
  virtual void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                        Trials& trials) const = 0;
  Trials Generate(base::StreamKey key, uint64_t first_substream, int count, int steps) const;
  virtual TrialRecipe recipe() const = 0;
  // The same for every network of a sweep, whatever its key.
  virtual Trials Probe(uint64_t base_seed) const = 0;
  virtual std::vector<Condition> Conditions() const = 0;
  virtual GraphKind graph() const = 0;
  // s.d. of the noise added to trajectory states as starts of the fixed-point search.
  virtual double start_noise() const = 0;
};

absl::StatusOr<std::unique_ptr<Task>> MakeTask(const TaskSpec& spec);

}  // namespace rnnfarm::task

#endif  // RNNFARM_WORKER_TASK_TASK_H_
