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
// turned so that their largest component is real and positive.
struct Spectrum {
  std::vector<std::complex<double>> values;  // S
  torch::Tensor vectors;                     // (S, S) complex128
};
Spectrum Decompose(const torch::Tensor& jacobian);

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
