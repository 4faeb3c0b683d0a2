#include "worker/dynamics/linear_dynamics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;
using Complex = std::complex<double>;

// Components this close to the largest count as equally large; the first of them fixes the phase.
constexpr double kPhaseTie = 1e-9;

// A real eigenvalue, or a conjugate pair, by LAPACK's columns.
struct Unit {
  Complex value;  // imaginary part >= 0
  int64_t first = 0, second = -1;
};

// LAPACK gives the members of a pair next to each other, exactly conjugate.
std::vector<Unit> Units(const Complex* values, int64_t n) {
  std::vector<Unit> units;
  for (int64_t i = 0; i < n; ++i) {
    if (values[i].imag() == 0 || i + 1 == n) {
      units.push_back({values[i], i, -1});
    } else if (values[i].imag() > 0) {
      units.push_back({values[i], i, i + 1});
      ++i;
    } else {
      units.push_back({values[i + 1], i + 1, i});
      ++i;
    }
  }
  std::stable_sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) {
    return std::make_tuple(-std::abs(a.value), -a.value.real(), a.value.imag()) <
           std::make_tuple(-std::abs(b.value), -b.value.real(), b.value.imag());
  });
  return units;
}

// Unit norm, largest component real and positive.
void Normalise(Complex* vector, int64_t n, int64_t stride) {
  double norm = 0, largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    norm += std::norm(vector[i * stride]);
    largest = std::max(largest, std::abs(vector[i * stride]));
  }
  if (largest == 0) return;
  int64_t at = 0;
  while (std::abs(vector[at * stride]) < largest * (1 - kPhaseTie)) ++at;
  const Complex turn =
      std::conj(vector[at * stride]) / (std::abs(vector[at * stride]) * std::sqrt(norm));
  for (int64_t i = 0; i < n; ++i) vector[i * stride] *= turn;
}

// R⁻¹. Eigenvectors that repeat have none, to which rounding gives one without meaning.
Tensor Inverse(const Tensor& vectors) {
  const Tensor inverse = std::get<0>(torch::linalg_inv_ex(vectors));
  constexpr double kSingular = 1e12;  // norm of a row, where those of R's columns are 1
  const Tensor largest = inverse.abs().max();
  const bool regular = largest.item<double>() < kSingular;  // false for NaN
  return (regular ? inverse : torch::linalg_pinv(vectors)).contiguous();
}

}  // namespace

double TimeConstant(Complex value) {
  const double rate = -std::log(std::abs(value));
  return rate == 0 ? std::numeric_limits<double>::infinity() : 1 / rate;
}

double Frequency(Complex value) { return std::abs(std::arg(value)) / (2 * M_PI); }

Spectrum Decompose(const Tensor& jacobian) {
  const auto [raw_values, raw_vectors] = torch::linalg_eig(jacobian);
  const Tensor values = raw_values.contiguous();
  const int64_t n = values.size(0);
  const auto* value = reinterpret_cast<const Complex*>(values.data_ptr<c10::complex<double>>());
  Spectrum out;
  std::vector<int64_t> order;
  for (const Unit& unit : Units(value, n)) {
    for (int64_t column : {unit.first, unit.second}) {
      if (column < 0) continue;
      order.push_back(column);
      out.values.push_back(value[column]);
    }
  }
  out.vectors = raw_vectors.index_select(1, torch::tensor(order, torch::kInt64)).contiguous();
  auto* vectors = reinterpret_cast<Complex*>(out.vectors.data_ptr<c10::complex<double>>());
  for (int64_t column = 0; column < n; ++column) Normalise(vectors + column, n, n);
  out.left = Inverse(out.vectors);
  const Tensor norms = torch::linalg_vector_norm(out.left, 2, {1}).contiguous();
  out.condition.assign(norms.data_ptr<double>(), norms.data_ptr<double>() + n);
  return out;
}

LinearMap LinearizeAt(const TrainedNetwork& network, const Tensor& state, const Tensor& input) {
  const rnn::Linearization line =
      rnn::Linearize(network.spec, network.weights, state.unsqueeze(0), input.unsqueeze(0),
                     /*with_input_gain=*/true);
  LinearMap map;
  map.jacobian = line.jacobian[0].contiguous();
  map.input_gain = line.input_gain[0].contiguous();
  map.spectrum = Decompose(map.jacobian);
  for (const Complex& value : map.spectrum.values) {
    if (std::abs(value) > 1) ++map.unstable;
    if (value.imag() == 0 && value.real() > 1) map.index = -map.index;
  }
  return map;
}

}  // namespace rnnfarm::dynamics
