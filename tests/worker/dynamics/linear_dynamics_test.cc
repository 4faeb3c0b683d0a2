#include "worker/dynamics/linear_dynamics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/worker/dynamics/hand_made.h"

namespace rnnfarm::dynamics {
namespace {

using Complex = std::complex<double>;
using torch::Tensor;

// Random, well conditioned, the same in every run.
Tensor Basis(int64_t n) {
  base::RandomStream random(base::DeriveStream(1, "", "basis"));
  Tensor basis = torch::eye(n, torch::kFloat64);
  for (int64_t i = 0; i < n * n; ++i) basis.data_ptr<double>()[i] += 0.2 * random.Uniform(-1, 1);
  return basis;
}

void SetRotation(Tensor& matrix, int64_t at, double radius, double angle) {
  matrix[at][at] = matrix[at + 1][at + 1] = radius * std::cos(angle);
  matrix[at][at + 1] = -radius * std::sin(angle);
  matrix[at + 1][at] = radius * std::sin(angle);
}

Complex At(const Tensor& vectors, int64_t row, int64_t column) {
  const c10::complex<double> value = vectors[row][column].item<c10::complex<double>>();
  return {value.real(), value.imag()};
}

TEST(Decompose, RecoversAPlantedSpectrumInItsOrder) {
  Tensor diagonal = torch::zeros({5, 5}, torch::kFloat64);
  diagonal[0][0] = -0.5;
  SetRotation(diagonal, 1, 0.9, 0.3);
  diagonal[3][3] = 1.2;
  diagonal[4][4] = 0.1;
  const Tensor basis = Basis(5);
  const Tensor jacobian = basis.matmul(diagonal).matmul(torch::linalg_inv(basis));
  const Spectrum spectrum = Decompose(jacobian);
  const std::vector<Complex> expected = {1.2, std::polar(0.9, 0.3), std::polar(0.9, -0.3), -0.5,
                                         0.1};
  ASSERT_EQ(spectrum.values.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(std::abs(spectrum.values[i] - expected[i]), 0, 1e-12) << i;
  }
  const Tensor values =
      torch::from_blob(const_cast<Complex*>(spectrum.values.data()), {5}, torch::kComplexDouble);
  const Tensor residual =
      jacobian.to(torch::kComplexDouble).matmul(spectrum.vectors) - spectrum.vectors * values;
  EXPECT_LT(residual.abs().max().item<double>(), 1e-12);
}

TEST(Decompose, GivesUnitVectorsWithAFixedPhase) {
  const Spectrum spectrum = Decompose(Basis(6));
  for (int64_t column = 0; column < 6; ++column) {
    double norm = 0;
    Complex largest = 0;
    for (int64_t row = 0; row < 6; ++row) {
      const Complex value = At(spectrum.vectors, row, column);
      norm += std::norm(value);
      if (std::abs(value) > std::abs(largest) * (1 + 1e-6)) largest = value;
    }
    EXPECT_NEAR(norm, 1, 1e-12);
    EXPECT_NEAR(largest.imag(), 0, 1e-12);
    EXPECT_GT(largest.real(), 0);
  }
}

TEST(Decompose, GivesLeftVectorsBiorthonormalToTheRightOnes) {
  const Tensor jacobian = Basis(6);
  const Spectrum spectrum = Decompose(jacobian);
  const Tensor identity = torch::eye(6, torch::kComplexDouble);
  EXPECT_LT((spectrum.left.matmul(spectrum.vectors) - identity).abs().max().item<double>(), 1e-12);
  const Tensor values =
      torch::from_blob(const_cast<Complex*>(spectrum.values.data()), {6}, torch::kComplexDouble);
  const Tensor rebuilt = (spectrum.vectors * values).matmul(spectrum.left);
  EXPECT_LT((rebuilt - jacobian).abs().max().item<double>(), 1e-12);
}

TEST(Decompose, TellsHowFarAMatrixIsFromNormal) {
  // [[a, s], [0, b]]: the angle between the eigenvectors gives both condition numbers, sqrt(1 + t²)
  // with t = s / (a - b).
  Tensor matrix = torch::zeros({2, 2}, torch::kFloat64);
  matrix[0][0] = 0.9;
  matrix[1][1] = 0.5;
  for (const double shear : {0.0, 1.0, 100.0}) {
    matrix[0][1] = shear;
    const double expected = std::sqrt(1 + shear * shear / 0.16);
    for (const double condition : Decompose(matrix).condition) {
      EXPECT_NEAR(condition / expected, 1, 1e-12);
    }
  }
  // A Jordan block has one eigenvector alone; what is told stays finite.
  matrix[0][0] = 0.5;
  const Spectrum defective = Decompose(matrix);
  EXPECT_TRUE(torch::isfinite(torch::abs(defective.left)).all().item<bool>());
}

TEST(Modes, HaveATimeConstantAndAFrequency) {
  EXPECT_NEAR(TimeConstant(std::exp(-1 / 25.0)), 25, 1e-9);
  EXPECT_NEAR(TimeConstant(std::polar(std::exp(1 / 25.0), 1.0)), -25, 1e-9);
  EXPECT_EQ(TimeConstant(-1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(TimeConstant(0), 0);
  EXPECT_NEAR(Frequency(std::polar(0.7, -2 * M_PI * 0.03)), 0.03, 1e-12);
  EXPECT_EQ(Frequency(0.7), 0);
  EXPECT_EQ(Frequency(-0.7), 0.5);
}

TEST(Decompose, KeepsPairsTogetherWhereTheyRepeat) {
  Tensor matrix = torch::zeros({4, 4}, torch::kFloat64);
  SetRotation(matrix, 0, 0.8, 1.0);
  SetRotation(matrix, 2, 0.8, 1.0);
  const std::vector<Complex> values = Decompose(matrix).values;
  for (int pair = 0; pair < 2; ++pair) {
    EXPECT_GT(values[2 * pair].imag(), 0);
    EXPECT_EQ(values[2 * pair + 1], std::conj(values[2 * pair]));
  }
}

TEST(LinearizeAt, CountsUnstableDirectionsAndTheIndex) {
  // All units above 0: the map is linear with Jacobian W. Eigenvalues 1.1 e^{±0.2i}, 1.5, -2, 0.3.
  rnn::NetworkFile file = Plain(rnn::Activation::kRelu, 5, std::vector<float>(25, 0.0f));
  Tensor w = torch::zeros({5, 5}, torch::kFloat64);
  SetRotation(w, 0, 1.1, 0.2);
  w[2][2] = 1.5;
  w[3][3] = -2;
  w[4][4] = 0.3;
  const Tensor flat = w.to(torch::kFloat32).contiguous();
  Set(file, "weight_hh_l0", {flat.data_ptr<float>(), flat.data_ptr<float>() + 25});
  const TrainedNetwork network = *Load(file);
  const LinearMap map = LinearizeAt(network, torch::ones({5}, torch::kFloat64),
                                    torch::full({5}, 10.0, torch::kFloat64));
  EXPECT_EQ(map.unstable, 4);
  EXPECT_EQ(map.index, -1);  // one real eigenvalue above 1; -2 and the pair do not count
  EXPECT_TRUE(torch::allclose(map.jacobian, w, 0, 1e-6));
  EXPECT_TRUE(torch::allclose(map.input_gain, torch::eye(5, torch::kFloat64)));
  EXPECT_NEAR(std::arg(map.spectrum.values[2]), 0.2, 1e-6);
}

}  // namespace
}  // namespace rnnfarm::dynamics
