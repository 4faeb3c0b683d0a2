#include "bench/adam_search.h"

#include <cmath>

namespace rnnfarm::bench {

using torch::Tensor;

dynamics::Solved AdamOnQ(const dynamics::TrainedNetwork& network, const Tensor& input,
                         const Tensor& starts, const AdamDefaults& defaults, int64_t& iterations) {
  const torch::AutoGradMode with_gradients(true);
  const rnn::Weights& w = network.weights;
  const auto single = [](const Tensor& t) { return t.to(torch::kFloat32); };
  const rnn::Weights weights{single(w.weight_ih),    single(w.weight_hh),
                             single(w.bias),         single(w.readout_weight),
                             single(w.readout_bias), single(w.initial_state)};
  Tensor state = single(starts).clone().requires_grad_(true);
  const Tensor x = single(dynamics::RepeatInput(input, starts.size(0)));
  torch::optim::Adam adam({state}, torch::optim::AdamOptions(defaults.learning_rate));
  Tensor q, before;
  for (iterations = 1;; ++iterations) {
    adam.zero_grad();
    q = 0.5 * (state - rnn::Step(network.spec, weights, state, x)).square().sum(1);
    q.mean().backward();
    const double decays = std::floor(static_cast<double>(iterations - 1) / defaults.factor_every);
    static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options())
        .lr(defaults.learning_rate * std::pow(defaults.factor, decays));
    adam.step();
    q = q.detach();
    const bool ended =
        iterations > 1 && ((q < defaults.tolerance) | ((q - before).abs() < defaults.least_change))
                              .all()
                              .item<bool>();
    if (ended || iterations == defaults.max_iterations) break;
    before = q;
  }
  return {state.detach().to(torch::kFloat64), q.to(torch::kFloat64)};
}

}  // namespace rnnfarm::bench
