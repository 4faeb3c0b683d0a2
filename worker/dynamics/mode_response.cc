#include "worker/dynamics/mode_response.h"

#include <algorithm>

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// (M, modes, steps)
Tensor ResponseOf(const Tensor& readout, const FixedPoint& point, int64_t modes,
                  const Tensor& steps) {
  const Spectrum& spectrum = point.map.spectrum;
  const int64_t units = readout.size(0);
  const Tensor vectors = spectrum.vectors.narrow(1, 0, modes).narrow(0, 0, units);
  const Tensor shown = torch::matmul(readout, vectors);  // (modes), w_outᵀ r_a
  const Tensor driven = torch::matmul(spectrum.left.narrow(0, 0, modes),
                                      point.map.input_gain.to(torch::kComplexDouble));
  const Tensor values = torch::from_blob(const_cast<std::complex<double>*>(spectrum.values.data()),
                                         {modes}, torch::kComplexDouble);
  // λⁿ by modulus and angle, which is 0 for λ = 0: (modes, steps).
  const Tensor decayed = torch::polar(torch::pow(values.abs().unsqueeze(1), steps),
                                      values.angle().unsqueeze(1) * steps);
  const Tensor parts = driven.t().unsqueeze(2) * (shown.unsqueeze(1) * decayed).unsqueeze(0);
  return torch::real(torch::cumsum(parts, 1)).contiguous();
}

}  // namespace

Tensor ModeResponse(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                    const std::vector<int64_t>& steps) {
  const int64_t modes = std::min<int64_t>(network.spec.state_size(), kMostModes);
  const Tensor readout = network.weights.readout_weight[0].to(torch::kComplexDouble);
  const Tensor after = torch::tensor(steps, torch::kInt64).to(torch::kFloat64);
  std::vector<Tensor> responses;
  for (const FixedPoint& point : points) {
    responses.push_back(ResponseOf(readout, point, modes, after));
  }
  if (responses.empty()) {
    return torch::empty({0, network.spec.inputs, modes, static_cast<int64_t>(steps.size())},
                        torch::kFloat64);
  }
  return torch::stack(responses);
}

}  // namespace rnnfarm::dynamics
