#include "analysis/pairwise/product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

// Matrices of random numbers in [-1, 1], rows one after the other.
struct Side {
  Side(int64_t rows, const std::vector<int64_t>& columns, uint64_t substream) {
    base::RandomStream stream({3, 4}, substream);
    for (int64_t count : columns) {
      std::vector<float>& values = matrices.emplace_back(rows * count);
      for (float& value : values) value = static_cast<float>(2 * stream.Uniform() - 1);
      strips.push_back({values.data(), count});
      total += count;
    }
  }
  // Column `column` of all of them side by side.
  float At(int64_t row, int64_t column) const {
    size_t i = 0;
    for (; column >= strips[i].columns; ++i) column -= strips[i].columns;
    return matrices[i][row * strips[i].columns + column];
  }

  std::vector<std::vector<float>> matrices;
  std::vector<Strip> strips;
  int64_t total = 0;
};

std::vector<float> Multiply(const ProductKernel& kernel, int64_t rows, const Side& a,
                            const Side& b) {
  const int64_t stride = ProductKernel::RoundUp(b.total, kernel.right_width);
  std::vector<float> padded(ProductKernel::RoundUp(a.total, kernel.left_width) * stride, NAN);
  std::vector<float> workspace(kernel.WorkspaceFloats(a.total, b.total), NAN);
  kernel.multiply(rows, a.strips, b.strips, padded.data(), stride, workspace.data());
  std::vector<float> out;
  for (int64_t i = 0; i < a.total; ++i) {
    out.insert(out.end(), padded.begin() + i * stride, padded.begin() + i * stride + b.total);
  }
  return out;
}

class EveryKernel : public ::testing::TestWithParam<const ProductKernel*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, ::testing::ValuesIn(UsableProductKernels()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST_P(EveryKernel, IsTheProductOfAllColumns) {
  for (int64_t rows : {1, 2, 255, 256, 257, 700}) {
    const Side a(rows, {1, 7, 3, 40, 8}, 1), b(rows, {5, 16, 1, 33}, 2);
    const std::vector<float> c = Multiply(*GetParam(), rows, a, b);
    for (int64_t i = 0; i < a.total; ++i) {
      for (int64_t j = 0; j < b.total; ++j) {
        double expected = 0;
        for (int64_t r = 0; r < rows; ++r) expected += double{a.At(r, i)} * b.At(r, j);
        ASSERT_NEAR(c[i * b.total + j], expected, 2e-6 * (rows + 10))
            << rows << " " << i << " " << j;
      }
    }
  }
}

TEST_P(EveryKernel, AnElementDependsOnItsTwoColumnsAlone) {
  const int64_t rows = 600;
  const Side a(rows, {3, 50, 9}, 1), b(rows, {20, 4, 30}, 2);
  const std::vector<float> c = Multiply(*GetParam(), rows, a, b);
  for (int64_t i : {0, 17, 61}) {
    for (int64_t j : {0, 22, 53}) {
      Side one(rows, {1}, 3), other(rows, {1}, 4);
      for (int64_t r = 0; r < rows; ++r) {
        one.matrices[0][r] = a.At(r, i);
        other.matrices[0][r] = b.At(r, j);
      }
      EXPECT_EQ(Multiply(*GetParam(), rows, one, other)[0], c[i * b.total + j]);
    }
  }
}

TEST(ProductTest, KernelsWithFusedMultiplyAddGiveTheSameBits) {
  const std::vector<const ProductKernel*> kernels = UsableProductKernels();
  const Side a(500, {6, 21, 2}, 1), b(500, {13, 19}, 2);
  const std::vector<float> first = Multiply(*kernels.front(), 500, a, b);
  for (const ProductKernel* kernel : kernels) {
    if (std::string(kernel->name) == "portable") continue;
    EXPECT_EQ(Multiply(*kernel, 500, a, b), first) << kernel->name;
  }
}

}  // namespace
}  // namespace rnnfarm::analysis
