#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>

#include "absl/strings/str_cat.h"
#include "analysis/metric.h"
#include "analysis/similarity/kinds.h"
#include "analysis/similarity/states_metric.h"
#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {

namespace {

using ::testing::HasSubstr;

constexpr char kScript[] = "/usr/bin/python3 " RNNFARM_TEST_DIR "/independent_dsa.py ";

Matrix Random(int rows, int columns, uint64_t substream) {
  base::RandomStream stream({5, 5}, substream);
  return Matrix::NullaryExpr(rows, columns, [&] { return stream.Normal(); });
}

Matrix Rotation(int size, uint64_t substream) {
  return Eigen::HouseholderQR<Matrix>(Random(size, size, substream)).householderQ();
}

// Trials of h <- tanh(W h), W normal with the spectral radius `gain`.
Representation Trials(int trials, int steps, int units, double gain, uint64_t substream) {
  const Matrix w = gain / std::sqrt(units) * Random(units, units, substream);
  Representation out{Matrix(trials * steps, units), trials};
  for (int trial = 0; trial < trials; ++trial) {
    Vector h = Random(units, 1, 1000 + 100 * substream + trial);
    for (int step = 0; step < steps; ++step) {
      out.x.row(trial * steps + step) = h.transpose();
      h = (w * h).array().tanh();
    }
  }
  return out;
}

std::unique_ptr<Metric> Dsa(double rank, double delays, double orthogonal) {
  return DsaKind().make({{"rank", rank}, {"delays", delays}, {"orthogonal", orthogonal}});
}

Prepared Prepare(const Metric& metric, const Representation& states) {
  auto prepared = static_cast<const StatesMetric&>(metric).Prepare(states, "x.npy");
  EXPECT_TRUE(prepared.ok()) << prepared.status();
  return prepared.ok() ? *prepared : Prepared{};
}

double Distance(const Metric& metric, const Representation& x, const Representation& y) {
  return metric.Distance(Prepare(metric, x), Prepare(metric, y), {});
}

class BothForms : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Dsa, BothForms, ::testing::Values(0, 1));

TEST_P(BothForms, IsBlindToRotationScaleAndShift) {
  const auto metric = Dsa(8, 4, GetParam());
  const Representation x = Trials(6, 40, 12, 1.1, 1);
  Representation y = x;
  y.x = (3 * x.x * Rotation(12, 2)).rowwise() + Random(12, 1, 3).col(0).transpose();
  EXPECT_LT(Distance(*metric, x, y), 1e-8);
  EXPECT_EQ(Distance(*metric, x, x), 0);
  EXPECT_GT(Distance(*metric, x, Trials(6, 40, 12, 1.1, 4)), 1e-2);
}

TEST_P(BothForms, IsSymmetricToTheBit) {
  const auto metric = Dsa(10, 5, GetParam());
  for (int i = 0; i < 4; ++i) {
    const Representation x = Trials(5, 30, 10, 1.2, 10 + i),
                         y = Trials(7, 25, 3 + 4 * i, 1.2, 20 + i);
    const double distance = Distance(*metric, x, y);
    EXPECT_GT(distance, 0);
    EXPECT_EQ(distance, Distance(*metric, y, x));
    EXPECT_EQ(distance, Distance(*metric, x, y));
  }
}

TEST_P(BothForms, SeesDynamicsThatDifferWhereStatesDoNot) {
  // The same circle, gone round at two speeds.
  const auto circle = [](double step) {
    Representation out{Matrix(100, 2), 1};
    for (int t = 0; t < 100; ++t) out.x.row(t) << std::cos(step * t), std::sin(step * t);
    return out;
  };
  const double tau = 2 * std::numbers::pi;
  const auto metric = Dsa(2, 1, GetParam());
  EXPECT_NEAR(Distance(*metric, circle(tau / 20), circle(tau / 10)),
              GetParam() == 1 ? tau / 20 : 2 * std::sin(tau / 40), 1e-9);
  // Backwards round is the mirror image, a rotation of improper kind.
  EXPECT_LT(Distance(*metric, circle(tau / 20), circle(-tau / 20)), 1e-9);
}

TEST_P(BothForms, TakesWhatHasFewDirections) {
  const auto metric = Dsa(10, 3, GetParam());
  Representation x = Trials(3, 30, 4, 1.0, 30), line = x, duplicates = x;
  line.x = x.x.col(0) * Random(1, 4, 31);
  duplicates.x.resize(x.x.rows(), 8);
  duplicates.x << x.x, x.x;
  EXPECT_TRUE(std::isfinite(Distance(*metric, x, line)));
  EXPECT_LT(Distance(*metric, x, duplicates), 1e-7);
  EXPECT_LE(Prepare(*metric, line).rest.cols(), 3);
}

TEST_P(BothForms, NoMoveLeadsFromOneTrialToTheNext) {
  const auto metric = Dsa(4, 2, GetParam());
  const Representation x = Trials(4, 20, 5, 1.1, 40);
  Representation reordered = x;
  for (int trial = 0; trial < 4; ++trial) {
    reordered.x.middleRows(20 * trial, 20) = x.x.middleRows(20 * (3 - trial), 20);
  }
  EXPECT_LT(Distance(*metric, x, reordered), 1e-9);
  reordered.trials = 1;
  EXPECT_GT(Distance(*metric, x, reordered), 1e-4);
}

TEST(DsaTest, FindsTheRotationOfAMatrix) {
  const auto metric = Dsa(10, 1, 1);
  for (int i = 0; i < 20; ++i) {
    const int size = 2 + i % 9;
    Prepared a, b;
    a.rest = Random(size, size, 100 + i);
    const Matrix c = Rotation(size, 200 + i);
    b.rest = 2 * c * a.rest * c.transpose();
    EXPECT_LT(metric->Distance(a, b, {}), 1e-8) << size;
    b.rest += 0.01 * a.rest.norm() * Random(size, size, 300 + i) / size;
    EXPECT_LT(metric->Distance(a, b, {}), 0.02) << size;
  }
}

TEST(DsaTest, RefusesTrialsThatAreTooShort) {
  const auto metric = Dsa(10, 5, 0);
  const auto refused =
      static_cast<const StatesMetric&>(*metric).Prepare(Trials(3, 5, 4, 1, 50), "short.npy");
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << refused.status();
  EXPECT_THAT(refused.status().message(), HasSubstr("short.npy: trials of 5 steps"));
  EXPECT_THAT(refused.status().message(), HasSubstr("set delays: 4"));
  EXPECT_EQ(Prepare(*metric, Trials(3, 6, 4, 1, 50)).extent, 18);
}

Representation Load(const std::string& path) {
  return DecodeRepresentation(base::ReadFile(path).value(), path).value();
}

// Eigenvalue clouds and angles against independent_dsa.py.
TEST(DsaTest, AgreesWithItsIndependentStatement) {
  const std::string folder = ::testing::TempDir() + "/rnnfarm_independent_dsa";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ASSERT_EQ(std::system(absl::StrCat(kScript, "write ", folder).c_str()), 0);
  std::ifstream cases(folder + "/cases.txt");
  std::ofstream out(folder + "/distances.csv");
  out.precision(17);
  int count = 0, rank = 0, delays = 0;
  for (std::string name; cases >> name >> rank >> delays; ++count) {
    const Representation x = Load(absl::StrCat(folder, "/", name, "_x.npy"));
    const Representation y = Load(absl::StrCat(folder, "/", name, "_y.npy"));
    out << name << ',' << Distance(*Dsa(rank, delays, 0), x, y) << ','
        << Distance(*Dsa(rank, delays, 1), x, y) << '\n';
  }
  out.close();
  EXPECT_GE(count, 8);
  EXPECT_EQ(std::system(absl::StrCat(kScript, "check ", folder).c_str()), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
