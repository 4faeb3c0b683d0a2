#include "worker/engine/validation.h"

namespace rnnfarm::engine {

task::Trials ValidationTrials(const Plan& plan) {
  return plan.task->Generate(base::DeriveStream(plan.base_seed, "", "validation"), 0,
                             plan.validation_trials, plan.task->steps());
}

double ZeroOutputLoss(const Plan& plan) {
  const task::Trials trials = ValidationTrials(plan);
  double sum = 0;
  for (size_t i = 0; i < trials.y.size(); ++i) {
    const double weight = trials.mask.empty() ? 1 : trials.mask[i];
    sum += weight * trials.y[i] * trials.y[i];
  }
  return trials.y.empty() ? 0 : sum / static_cast<double>(trials.y.size());
}

}  // namespace rnnfarm::engine
