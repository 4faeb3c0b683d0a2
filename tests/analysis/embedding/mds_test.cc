#include "analysis/embedding/mds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "analysis/embedding/majorization.h"
#include "analysis/embedding/rank_correlation.h"
#include "base/random_stream.h"
#include "base/vector_unit.h"

namespace rnnfarm::analysis {
namespace {

using ::testing::HasSubstr;

Matrix Random(int rows, int columns, uint64_t substream) {
  base::RandomStream stream({3, 4}, substream);
  return Matrix::NullaryExpr(rows, columns, [&] { return stream.Normal(); });
}

Matrix DistancesOf(const Matrix& points) {
  Matrix out = Matrix::Zero(points.rows(), points.rows());
  for (int i = 0; i < points.rows(); ++i) {
    for (int j = 0; j < i; ++j) out(i, j) = out(j, i) = (points.row(i) - points.row(j)).norm();
  }
  return out;
}

Embedding Embed(const Matrix& distances, const MdsOptions& options = {}) {
  auto embedding = EmbedMds(distances, options);
  EXPECT_TRUE(embedding.ok()) << embedding.status();
  return embedding.ok() ? *embedding : Embedding{};
}

void Write(const std::string& path, const Matrix& values) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = values;
  const base::Array array = base::Array::Of<double>({rows.rows(), rows.cols()},
                                                    absl::MakeConstSpan(rows.data(), rows.size()));
  ASSERT_TRUE(base::WriteFile(path, base::EncodeNpy(array)).ok());
}

TEST(MdsTest, RecoversPointsOfThePlane) {
  const Matrix distances = DistancesOf(Random(40, 2, 1));
  const Embedding embedding = Embed(distances);
  EXPECT_LT(embedding.stress1, 1e-7);
  EXPECT_NEAR(embedding.shepard_correlation, 1, 1e-9);
  EXPECT_LT((DistancesOf(embedding.points) - distances).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(MdsTest, RecoversPointsOfSpaceAndOfALineInTheirDimensions) {
  EXPECT_LT(Embed(DistancesOf(Random(20, 3, 2)), {.dims = 3}).stress1, 1e-7);
  EXPECT_GT(Embed(DistancesOf(Random(20, 3, 2)), {.dims = 2}).stress1, 0.05);
  const Embedding line = Embed(DistancesOf(Random(10, 1, 3)), {.dims = 2});
  EXPECT_LT(line.stress1, 1e-7);
  EXPECT_LT(line.points.col(1).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(MdsTest, IsCentredInPrincipalAxesWithFixedSigns) {
  const Matrix x = Embed(DistancesOf(Random(30, 5, 4))).points;
  EXPECT_LT(x.colwise().mean().cwiseAbs().maxCoeff(), 1e-12);
  const Matrix covariance = x.transpose() * x;
  EXPECT_NEAR(covariance(0, 1), 0, 1e-9);
  EXPECT_GE(covariance(0, 0), covariance(1, 1));
  for (int k = 0; k < 2; ++k) EXPECT_EQ(x.col(k).maxCoeff(), x.col(k).cwiseAbs().maxCoeff());
}

TEST(MdsTest, NeverDoesWorseThanItsClassicalStart) {
  const Matrix distances = DistancesOf(Random(25, 8, 5)).cwiseSqrt();
  const double start = Embed(distances, {.max_iterations = 0}).stress1;
  double last = start;
  for (int iterations : {1, 10, 300}) {
    const Embedding embedding = Embed(distances, {.max_iterations = iterations});
    EXPECT_LE(embedding.stress1, last + 1e-12);
    EXPECT_LE(embedding.iterations, iterations);
    last = embedding.stress1;
  }
  EXPECT_LT(last, start);
}

TEST(MdsTest, TheSameDistancesGiveTheSameBytes) {
  const Matrix distances = DistancesOf(Random(25, 6, 6));
  EXPECT_EQ(Embed(distances).points, Embed(distances).points);
}

// More points than the loops take at a time, and no whole number of vectors.
TEST(MdsTest, AnyNumberOfThreadsAndAnyVectorUnitGiveTheSameBytes) {
  const Matrix distances = DistancesOf(Random(603, 6, 13));
  const Embedding expected = Embed(distances, {.max_iterations = 20});
  for (int threads : {1, 2, 7}) {
    for (auto unit :
         {base::VectorUnit::kBaseline, base::VectorUnit::kAvx2, base::VectorUnit::kAvx512}) {
      base::LimitVectorUnit(unit);
      const Embedding embedding = Embed(distances, {.max_iterations = 20, .threads = threads});
      EXPECT_EQ(embedding.points, expected.points) << threads << " threads";
      EXPECT_EQ(embedding.stress1, expected.stress1);
      EXPECT_EQ(embedding.shepard_correlation, expected.shepard_correlation);
    }
  }
}

// The transform as de Leeuw states it: X ← B(X) X / n, B_ij = −δ_ij / d_ij, rows of sum 0.
TEST(MajorizationTest, IsTheGuttmanTransform) {
  constexpr int kPoints = 70;
  const Matrix distances = DistancesOf(Random(kPoints, 5, 14)), start = Random(kPoints, 3, 15);
  const Matrix embedded = DistancesOf(start) + Matrix::Identity(kPoints, kPoints);
  Matrix b = -distances.cwiseQuotient(embedded);
  b.diagonal() = -b.rowwise().sum();
  Matrix points = start;
  const double stress = SmacofStep(distances, 0, 2, points);
  EXPECT_LT((points - b * start / kPoints).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_NEAR(stress, 0.5 * (distances - DistancesOf(start)).squaredNorm(), 1e-9 * stress);
}

TEST(MdsTest, ScalesWithItsDistances) {
  const Matrix distances = DistancesOf(Random(25, 6, 6));
  const Embedding embedding = Embed(distances), large = Embed(1024 * distances);
  EXPECT_EQ(large.points, 1024 * embedding.points);
  EXPECT_NEAR(large.stress1, embedding.stress1, 1e-12);
}

TEST(MdsTest, TakesTheSmallestInputs) {
  EXPECT_EQ(Embed(Matrix::Zero(1, 1)).points, Matrix::Zero(1, 2));
  Matrix two(2, 2);
  two << 0, 3, 3, 0;
  const Embedding pair = Embed(two);
  EXPECT_NEAR((pair.points.row(0) - pair.points.row(1)).norm(), 3, 1e-12);
  EXPECT_TRUE(std::isnan(pair.shepard_correlation));
  EXPECT_EQ(Embed(Matrix::Zero(5, 5)).points, Matrix::Zero(5, 2));
  EXPECT_EQ(Embed(Matrix::Zero(5, 5)).stress1, 0);
}

TEST(MdsTest, TakesCoincidingAndEquidistantPoints) {
  Matrix points = Random(12, 2, 7);
  points.row(5) = points.row(6);
  EXPECT_LT(Embed(DistancesOf(points)).stress1, 1e-7);
  const Embedding simplex = Embed(Matrix::Ones(9, 9) - Matrix::Identity(9, 9));
  EXPECT_TRUE(simplex.points.allFinite());
  EXPECT_LT(simplex.stress1, 0.5);
}

TEST(MdsTest, RefusesWhatIsNoDistanceMatrix) {
  Matrix d = DistancesOf(Random(5, 2, 8));
  auto refusal = [](const Matrix& distances, const MdsOptions& options = {}) {
    auto embedding = EmbedMds(distances, options);
    EXPECT_TRUE(absl::IsInvalidArgument(embedding.status()));
    return std::string(embedding.status().message());
  };
  EXPECT_THAT(refusal(d, {.dims = 0}), HasSubstr("0 dimensions"));
  EXPECT_THAT(refusal(Matrix::Zero(2, 3)), HasSubstr("2 x 3"));
  EXPECT_THAT(refusal(Matrix(0, 0)), HasSubstr("0 x 0"));
  Matrix wrong = d;
  wrong(1, 2) += 1e-3;
  EXPECT_THAT(refusal(wrong), HasSubstr("symmetric"));
  wrong = d;
  wrong(3, 3) = 0.5;
  EXPECT_THAT(refusal(wrong), HasSubstr("diagonal"));
  EXPECT_THAT(refusal(-d), HasSubstr("negative"));
  wrong(0, 1) = NAN;
  EXPECT_THAT(refusal(wrong), HasSubstr("NaN"));
}

TEST(MdsTest, AgreesWithAnIndependentStatementOfStress) {
  const std::string folder = ::testing::TempDir() + "/rnnfarm_independent_stress";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::pair<const char*, Matrix> cases[] = {
      {"cloud", DistancesOf(Random(30, 6, 9))},
      {"curved", DistancesOf(Random(30, 3, 10)).cwiseSqrt()},
      {"clusters", DistancesOf(Random(32, 4, 11) + 6 * Random(4, 4, 12).replicate(8, 1))}};
  for (const auto& [name, distances] : cases) {
    const Embedding embedding = Embed(distances);
    Write(absl::StrCat(folder, "/distances_", name, ".npy"), distances);
    Write(absl::StrCat(folder, "/points_", name, ".npy"), embedding.points);
    Write(absl::StrCat(folder, "/found_", name, ".npy"),
          Eigen::RowVector2d(embedding.stress1, embedding.shepard_correlation));
  }
  const std::string script = "/usr/bin/python3 " RNNFARM_TEST_DIR "/independent_stress.py ";
  EXPECT_EQ(std::system((script + folder).c_str()), 0);
}

TEST(RankCorrelationTest, EqualValuesShareTheirRank) {
  const auto of = [](std::initializer_list<double> a, std::initializer_list<double> b) {
    return RankCorrelation(Eigen::Map<const Vector>(a.begin(), a.size()),
                           Eigen::Map<const Vector>(b.begin(), b.size()));
  };
  EXPECT_DOUBLE_EQ(of({1, 2, 3, 10}, {1, 4, 9, 16}), 1);
  EXPECT_DOUBLE_EQ(of({1, 2, 3}, {5, 0, -2}), -1);
  // Ranks 1 2.5 2.5 4 against 1 3 2 4.
  EXPECT_DOUBLE_EQ(of({1, 2, 2, 3}, {1, 3, 2, 4}), 4.5 / std::sqrt(4.5 * 5));
  EXPECT_TRUE(std::isnan(of({1, 1, 1}, {1, 2, 3})));
}

}  // namespace
}  // namespace rnnfarm::analysis
