#include "analysis/statistics/separation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

Matrix DistancesOf(const Matrix& points) {
  Matrix out = Matrix::Zero(points.rows(), points.rows());
  for (int i = 0; i < points.rows(); ++i) {
    for (int j = 0; j < i; ++j) out(i, j) = out(j, i) = (points.row(i) - points.row(j)).norm();
  }
  return out;
}

// `configurations` clouds of `seeds` points each, around centres that are 0 but for `apart` along
// the first axis, times the label (configuration modulo 2).
struct Population {
  Matrix distances;
  std::vector<int> labels, configuration;
};

Population Make(int configurations, int seeds, double apart, double spread, uint64_t substream) {
  base::RandomStream stream({5, 6}, substream);
  Population out;
  Matrix points(configurations * seeds, 3);
  for (int c = 0; c < configurations; ++c) {
    Eigen::RowVector3d centre(stream.Normal(), stream.Normal(), stream.Normal());
    centre = spread * centre + Eigen::RowVector3d(apart * (c % 2), 0, 0);
    for (int s = 0; s < seeds; ++s) {
      points.row(c * seeds + s) =
          centre + 0.1 * Eigen::RowVector3d(stream.Normal(), stream.Normal(), stream.Normal());
      out.labels.push_back(10 + c % 2);
      out.configuration.push_back(100 - c);
    }
  }
  out.distances = DistancesOf(points);
  return out;
}

Separation Measure(const Population& p) {
  return MeasureSeparation(p.distances, p.labels, p.configuration);
}

TEST(SeparationTest, FourPointsByHand) {
  Matrix points(4, 1);
  points << 0, 1, 4, 6;
  const std::vector<int> labels = {7, 7, 3, 3}, configuration = {0, 1, 2, 3};
  const Separation s = MeasureSeparation(DistancesOf(points), labels, configuration);
  EXPECT_EQ(s.groups, 2);
  // a: 1 1 2 2; b: 5 4 3.5 5.5.
  EXPECT_NEAR(*s.silhouette, (4 / 5. + 3 / 4. + 1.5 / 3.5 + 3.5 / 5.5) / 4, 1e-12);
  EXPECT_DOUBLE_EQ(*s.neighbour_accuracy, 1);
  EXPECT_NEAR(*s.neighbour_chance, 1 / 3., 1e-12);
  // Squares: total (1 + 16 + 36 + 9 + 25 + 4) / 4, within 1 / 2 + 4 / 2.
  EXPECT_NEAR(*s.r_squared, 1 - 2.5 / 22.75, 1e-12);
  EXPECT_NEAR(*s.pseudo_f, 20.25 / (2.5 / 2), 1e-12);
  // Of the three ways to halve four points this is the best: p near 1 / 3.
  EXPECT_NEAR(*s.p_value, 1 / 3., 0.06);
}

// Graph distances are often equal: the order of the rows must not decide.
TEST(SeparationTest, EquallyNearNeighboursShareTheVote) {
  const Matrix equal = Matrix::Ones(4, 4) - Matrix::Identity(4, 4);
  for (const std::vector<int>& labels :
       {std::vector<int>{7, 7, 3, 3}, std::vector<int>{7, 3, 3, 7}, std::vector<int>{3, 7, 3, 7}}) {
    const Separation s = MeasureSeparation(equal, labels, {0, 1, 2, 3});
    EXPECT_NEAR(*s.neighbour_accuracy, *s.neighbour_chance, 1e-12);
  }
}

TEST(SeparationTest, LabelsFarApartAreSeparated) {
  const Separation s = Measure(Make(12, 5, 10, 0.2, 1));
  EXPECT_GT(*s.silhouette, 0.8);
  EXPECT_DOUBLE_EQ(*s.neighbour_accuracy, 1);
  EXPECT_NEAR(*s.neighbour_chance, 29 / 59., 1e-12);
  EXPECT_GT(*s.r_squared, 0.9);
  EXPECT_LT(*s.p_value, 0.02);
}

// Seeds of one configuration lie together: permuting networks would call any label significant.
TEST(SeparationTest, ConfigurationsAndNotNetworksAreWhatIsPermuted) {
  double lowest = 1, sum = 0;
  constexpr int kPopulations = 20;
  for (int i = 0; i < kPopulations; ++i) {
    const Separation s = Measure(Make(8, 10, 0, 1, 100 + i));
    lowest = std::min(lowest, *s.p_value);
    sum += *s.p_value;
  }
  EXPECT_NEAR(sum / kPopulations, 0.5, 0.25);
  EXPECT_GT(lowest, 0.005);
}

TEST(SeparationTest, WhatIsNotDefinedIsAbsent) {
  const Population p = Make(4, 2, 1, 1, 2);
  const std::vector<int> one(8, 1), all = {0, 1, 2, 3, 4, 5, 6, 7};
  for (const auto& labels : {one, all}) {
    const Separation s = MeasureSeparation(p.distances, labels, p.configuration);
    EXPECT_FALSE(s.silhouette || s.neighbour_accuracy || s.pseudo_f || s.p_value);
  }
  // Labels that differ within a configuration cannot be permuted by configuration.
  const Separation within =
      MeasureSeparation(p.distances, {0, 1, 0, 1, 0, 1, 0, 1}, p.configuration);
  EXPECT_TRUE(within.pseudo_f.has_value());
  EXPECT_FALSE(within.p_value.has_value());
  const Separation nothing = MeasureSeparation(Matrix::Zero(8, 8), p.labels, p.configuration);
  EXPECT_FALSE(nothing.pseudo_f || nothing.r_squared || nothing.p_value);
  EXPECT_EQ(nothing.silhouette, 0);
  EXPECT_EQ(MeasureSeparation(Matrix(0, 0), {}, {}).groups, 0);
}

TEST(SeparationTest, IsDeterministic) {
  const Population p = Make(6, 3, 0.5, 1, 3);
  EXPECT_EQ(Measure(p).p_value, Measure(p).p_value);
}

void Write(const std::string& path, const Matrix& values) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = values;
  const base::Array array = base::Array::Of<double>({rows.rows(), rows.cols()},
                                                    absl::MakeConstSpan(rows.data(), rows.size()));
  ASSERT_TRUE(base::WriteFile(path, base::EncodeNpy(array)).ok());
}

TEST(SeparationTest, AgreesWithAnIndependentStatement) {
  const std::string folder = ::testing::TempDir() + "/rnnfarm_independent_separation";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  int index = 0;
  for (const auto& [apart, spread] : {std::pair(0.0, 1.0), {0.1, 0.1}, {3.0, 1.0}}) {
    Population p = Make(9, 4, apart, spread, 50 + index);
    p.labels.back() = p.labels[p.labels.size() - 2] = p.labels[p.labels.size() - 3] =
        p.labels[p.labels.size() - 4] = 99;  // a third group of one configuration
    const Separation s = Measure(p);
    Matrix codes(p.labels.size(), 2);
    for (size_t i = 0; i < p.labels.size(); ++i) codes.row(i) << p.labels[i], p.configuration[i];
    Eigen::Matrix<double, 1, 6> found;
    found << *s.silhouette, *s.neighbour_accuracy, *s.neighbour_chance, *s.pseudo_f, *s.r_squared,
        *s.p_value;
    Write(absl::StrCat(folder, "/", index, "_distances.npy"), p.distances);
    Write(absl::StrCat(folder, "/", index, "_codes.npy"), codes);
    Write(absl::StrCat(folder, "/", index, "_found.npy"), found);
    ++index;
  }
  const std::string script = "/usr/bin/python3 " RNNFARM_TEST_DIR "/independent_separation.py ";
  EXPECT_EQ(std::system((script + folder).c_str()), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
