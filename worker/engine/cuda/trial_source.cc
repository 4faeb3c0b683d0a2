#include "worker/engine/cuda/trial_source.h"

#include <variant>

#include "worker/task/task.h"

namespace rnnfarm::engine::cuda {

namespace {

void Describe(const task::FlipFlop& flip_flop, TrialSource& source) {
  source.kind = TrialSource::Kind::kFlipFlop;
  source.pulse_threshold = task::PulseThreshold(flip_flop.flip_probability);
  source.initial_pulse = flip_flop.initial_pulse;
}

void Describe(const task::SineWave& sine, TrialSource& source) {
  source.kind = TrialSource::Kind::kSineWave;
  source.min_frequency = sine.min_frequency;
  source.max_frequency = sine.max_frequency;
}

void Describe(const task::ContextIntegration& integration, TrialSource& source) {
  source.kind = TrialSource::Kind::kContextIntegration;
  source.contexts = integration.contexts;
}

void Describe(const task::Trials* trials, TrialSource& source) {
  source.kind = TrialSource::Kind::kDataset;
  source.count = trials->count;
}

}  // namespace

TrialSource SourceOf(const task::Task& task) {
  TrialSource source;
  source.inputs = task.inputs();
  source.outputs = task.outputs();
  source.steps = task.steps();
  std::visit([&source](const auto& recipe) { Describe(recipe, source); }, task.recipe());
  return source;
}

}  // namespace rnnfarm::engine::cuda
