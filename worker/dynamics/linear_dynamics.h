// The linear map around a point: Jacobian, spectrum and index.
#ifndef RNNFARM_WORKER_DYNAMICS_LINEAR_DYNAMICS_H_
#define RNNFARM_WORKER_DYNAMICS_LINEAR_DYNAMICS_H_

#include <torch/torch.h>

#include <complex>
#include <vector>

#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// J = R Λ R⁻¹. Eigenvalues by |λ| descending; a conjugate pair stays together, the one with
// positive imaginary part first. Right eigenvectors are the columns of `vectors`, of unit norm,
// turned so that their largest component is real and positive. Left eigenvectors are the rows of
// `left` = R⁻¹, so that ℓ_a r_b = δ_ab; where J has no full set of eigenvectors, the
// pseudo-inverse.
struct Spectrum {
  std::vector<std::complex<double>> values;  // S
  torch::Tensor vectors;                     // (S, S) complex128
  torch::Tensor left;                        // (S, S) complex128
  // ‖ℓ_a‖ ‖r_a‖ ≥ 1, how far λ_a moves per change of J; 1 for all is a normal J. S.
  std::vector<double> condition;
};
Spectrum Decompose(const torch::Tensor& jacobian);

// Steps in which a mode falls to 1/e, -1 / ln |λ|: negative for one that grows, infinite for |λ|
// = 1.
double TimeConstant(std::complex<double> value);
// Of its turning, |∠λ| / 2π, in cycles a step: 0 to 0.5.
double Frequency(std::complex<double> value);

struct LinearMap {
  torch::Tensor jacobian;    // (S, S)
  torch::Tensor input_gain;  // (S, M)
  Spectrum spectrum;
  int unstable = 0;  // |λ| > 1
  int index = 1;     // sign det(I - J) = (-1)^(number of real λ > 1)
};

// On the full state, 2N for the LSTM. state (S), input (M).
LinearMap LinearizeAt(const TrainedNetwork& network, const torch::Tensor& state,
                      const torch::Tensor& input);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_LINEAR_DYNAMICS_H_
