#include "worker/dynamics/dense/dense.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random_stream.h"

namespace rnnfarm::dynamics::dense {
namespace {

// Of standard normal numbers, padding 0; the same for a seed whatever the size of others.
std::vector<double> RandomMatrix(int rows, int columns, int64_t stride, uint64_t seed) {
  base::RandomStream random(base::DeriveStream(seed, "", "matrix"));
  std::vector<double> a(rows * stride, 0.0);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) a[i * stride + j] = random.Normal();
  }
  return a;
}

class Dense : public ::testing::TestWithParam<int> {
 protected:
  const int n_ = GetParam();
  const int64_t stride_ = StrideOf(n_);
  const std::vector<double> a_ = RandomMatrix(n_, n_, stride_, 1);
};

TEST_P(Dense, SolvesSystems) {
  for (const Kernels* kernels : UsableKernels()) {
    std::vector<double> lu = a_;
    std::vector<int> pivot(n_);
    ASSERT_TRUE(kernels->factor(n_, lu.data(), stride_, pivot.data())) << kernels->name;
    const std::vector<double> b = RandomMatrix(1, n_, stride_, 2);
    std::vector<double> x = b;
    kernels->solve(n_, lu.data(), stride_, pivot.data(), x.data());
    double size = 0;
    for (int i = 0; i < n_; ++i) size = std::max(size, std::abs(x[i]));
    for (int i = 0; i < n_; ++i) {
      double sum = 0;
      for (int j = 0; j < n_; ++j) sum += a_[i * stride_ + j] * x[j];
      EXPECT_NEAR(sum, b[i], 1e-13 * n_ * size) << kernels->name << " row " << i;
    }
  }
}

TEST_P(Dense, SubtractsProducts) {
  const int m = n_ / 2 + 1, k = n_ / 3 + 1;
  const int64_t k_stride = StrideOf(k);
  const std::vector<double> a = RandomMatrix(m, k, k_stride, 3),
                            b = RandomMatrix(k, n_, stride_, 4);
  for (const Kernels* kernels : UsableKernels()) {
    std::vector<double> c = RandomMatrix(m, n_, stride_, 5);
    const std::vector<double> before = c;
    kernels->subtract_product(m, n_, k, a.data(), k_stride, b.data(), stride_, c.data(), stride_);
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n_; ++j) {
        double sum = before[i * stride_ + j];
        for (int p = 0; p < k; ++p) sum -= a[i * k_stride + p] * b[p * stride_ + j];
        ASSERT_NEAR(c[i * stride_ + j], sum, 1e-12) << kernels->name << " " << i << " " << j;
      }
    }
  }
}

TEST_P(Dense, CombinesAndScales) {
  const std::vector<double> b = RandomMatrix(n_, n_, stride_, 6);
  const std::vector<double> rows = RandomMatrix(1, n_, stride_, 7);
  const std::vector<double> columns = RandomMatrix(1, n_, stride_, 8);
  for (const Kernels* kernels : UsableKernels()) {
    const double* scale[] = {rows.data(), columns.data()};
    const double* matrix[] = {a_.data(), b.data()};
    std::vector<double> sum(n_ * stride_), scaled(n_ * stride_);
    kernels->combine(n_, 2, scale, matrix, sum.data(), stride_);
    kernels->scale(n_, rows.data(), a_.data(), columns.data(), scaled.data(), stride_);
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < n_; ++j) {
        const int64_t at = i * stride_ + j;
        ASSERT_NEAR(sum[at], -rows[i] * a_[at] - columns[i] * b[at], 1e-13) << kernels->name;
        ASSERT_NEAR(scaled[at], rows[i] * a_[at] * columns[j], 1e-13) << kernels->name;
      }
    }
  }
}

TEST_P(Dense, GivesTheSameBitsOnEveryVectorUnit) {
  const std::vector<const Kernels*> usable = UsableKernels();
  std::vector<std::vector<double>> solutions;
  for (const Kernels* kernels : usable) {
    if (std::string(kernels->name) == "portable") continue;  // no fused multiply-add
    std::vector<double> lu = a_, x = RandomMatrix(1, n_, stride_, 9);
    std::vector<int> pivot(n_);
    kernels->factor(n_, lu.data(), stride_, pivot.data());
    kernels->solve(n_, lu.data(), stride_, pivot.data(), x.data());
    x.resize(n_);
    solutions.push_back(x);
  }
  for (const auto& solution : solutions) EXPECT_EQ(solution, solutions.front());
}

INSTANTIATE_TEST_SUITE_P(Sizes, Dense, ::testing::Values(1, 2, 7, 16, 17, 33, 64, 100, 130));

TEST(Factor, TellsMatricesThatAreNotFinite) {
  for (const Kernels* kernels : UsableKernels()) {
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      std::vector<double> a = RandomMatrix(20, 20, StrideOf(20), 1);
      for (int i = 0; i < 20; ++i) a[i * StrideOf(20) + 3] = value;
      std::vector<int> pivot(20);
      EXPECT_FALSE(kernels->factor(20, a.data(), StrideOf(20), pivot.data()))
          << kernels->name << " " << value;
    }
  }
}

TEST(Factor, SolvesASingularSystemThatIsConsistent) {
  const int n = 20;
  const int64_t stride = StrideOf(n);
  for (const Kernels* kernels : UsableKernels()) {
    std::vector<double> a = RandomMatrix(n, n, stride, 1);
    for (int j = 0; j < n; ++j) a[stride + j] = a[j];  // the first row twice
    std::vector<double> b = RandomMatrix(1, n, stride, 2);
    b[1] = b[0];
    std::vector<double> lu = a, x = b;
    std::vector<int> pivot(n);
    ASSERT_TRUE(kernels->factor(n, lu.data(), stride, pivot.data())) << kernels->name;
    kernels->solve(n, lu.data(), stride, pivot.data(), x.data());
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) sum += a[i * stride + j] * x[j];
      EXPECT_NEAR(sum, b[i], 1e-9) << kernels->name << " row " << i;
    }
  }
}

}  // namespace
}  // namespace rnnfarm::dynamics::dense
