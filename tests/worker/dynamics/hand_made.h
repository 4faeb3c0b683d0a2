// Networks whose dynamics are known by hand, and a task to ask them.
#ifndef RNNFARM_TESTS_WORKER_DYNAMICS_HAND_MADE_H_
#define RNNFARM_TESTS_WORKER_DYNAMICS_HAND_MADE_H_

#include <string>
#include <vector>

#include "worker/dynamics/analysis.h"
#include "worker/dynamics/trained_network.h"
#include "worker/rnn/network_file.h"
#include "worker/task/task.h"

namespace rnnfarm::dynamics {

// Sets a slice of the parameters by its name.
inline void Set(rnn::NetworkFile& network, const std::string& name,
                const std::vector<float>& values) {
  for (const rnn::ParameterSlice& slice : rnn::ParameterLayout(network.spec)) {
    if (slice.name != name) continue;
    TORCH_CHECK(slice.size == static_cast<int64_t>(values.size()), name, " has another size");
    std::copy(values.begin(), values.end(), network.parameters.begin() + slice.offset);
    return;
  }
  TORCH_CHECK(false, "no slice ", name);
}

inline rnn::NetworkFile Blank(rnn::Architecture architecture, rnn::Activation activation, int units,
                              int inputs = 1, int outputs = 1) {
  rnn::NetworkFile network;
  network.spec.architecture = architecture;
  network.spec.activation = activation;
  network.spec.units = units;
  network.spec.inputs = inputs;
  network.spec.outputs = outputs;
  network.parameters.assign(rnn::ParameterCount(network.spec), 0.0f);
  return network;
}

// h' = f(W h + x), y = h: one input and one output a unit.
inline rnn::NetworkFile Plain(rnn::Activation activation, int units,
                              const std::vector<float>& recurrent) {
  rnn::NetworkFile network = Blank(rnn::Architecture::kVanilla, activation, units, units, units);
  std::vector<float> identity(units * units, 0.0f);
  for (int i = 0; i < units; ++i) identity[i * units + i] = 1;
  Set(network, "weight_ih_l0", identity);
  Set(network, "weight_hh_l0", recurrent);
  Set(network, "readout.weight", identity);
  return network;
}

// Unit i keeps the sign of its last input: h = tanh(2 h) at -0.9575, 0 and 0.9575.
inline rnn::NetworkFile Bistable(int units) {
  std::vector<float> recurrent(units * units, 0.0f);
  for (int i = 0; i < units; ++i) recurrent[i * units + i] = 2;
  return Plain(rnn::Activation::kTanh, units, recurrent);
}

inline constexpr double kBistableState = 0.95750402407728741;

// A probe of random inputs in [-1, 1] that end after half of the trial.
class ScriptedTask : public task::Task {
 public:
  ScriptedTask(int inputs, int outputs, task::GraphKind graph,
               std::vector<task::Condition> conditions, double noise)
      : inputs_(inputs),
        outputs_(outputs),
        graph_(graph),
        conditions_(std::move(conditions)),
        noise_(noise) {}

  int inputs() const override { return inputs_; }
  int outputs() const override { return outputs_; }
  int steps() const override { return 10; }
  using task::Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                task::Trials& trials) const override {
    trials = {count, steps, inputs_, outputs_, {}, {}, {}};
    for (int trial = 0; trial < count; ++trial) {
      base::RandomStream random(key, first_substream + trial);
      for (int i = 0; i < steps * inputs_; ++i) {
        const double value = random.Uniform(-1, 1);
        trials.x.push_back(i < steps * inputs_ / 2 ? static_cast<float>(value) : 0.0f);
      }
    }
    trials.y.assign(count * steps * outputs_, 0.0f);
  }
  task::TrialRecipe recipe() const override { return static_cast<const task::Trials*>(nullptr); }
  task::Trials Probe(uint64_t base_seed) const override {
    return Generate(base::DeriveStream(base_seed, "", "probe"), 0, 8, steps());
  }
  std::vector<task::Condition> Conditions() const override { return conditions_; }
  task::GraphKind graph() const override { return graph_; }
  double start_noise() const override { return noise_; }

 private:
  int inputs_, outputs_;
  task::GraphKind graph_;
  std::vector<task::Condition> conditions_;
  double noise_;
};

// One condition, no input.
inline ScriptedTask AtRest(int channels) {
  return ScriptedTask(channels, channels, task::GraphKind::kTransition,
                      {{std::vector<double>(channels, 0.0), 0}}, 0.5);
}

inline Settings Few() {
  Settings settings;
  settings.starts = 128;
  return settings;
}

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_TESTS_WORKER_DYNAMICS_HAND_MADE_H_
