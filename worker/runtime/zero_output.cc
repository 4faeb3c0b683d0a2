#include "worker/runtime/zero_output.h"

namespace rnnfarm::worker {

double ZeroOutputLoss(const engine::Plan& plan) {
  const task::Trials trials =
      plan.task->Generate(base::DeriveStream(plan.base_seed, "", "validation"), 0,
                          plan.validation_trials, plan.task->steps());
  double sum = 0;
  for (size_t i = 0; i < trials.y.size(); ++i) {
    const double weight = trials.mask.empty() ? 1 : trials.mask[i];
    sum += weight * trials.y[i] * trials.y[i];
  }
  return trials.y.empty() ? 0 : sum / static_cast<double>(trials.y.size());
}

}  // namespace rnnfarm::worker
