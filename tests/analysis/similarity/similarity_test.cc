#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <string>

#include "analysis/embedding/mds.h"
#include "analysis/metric_registry.h"
#include "analysis/pairwise/pairwise.h"
#include "analysis/similarity/principal_components.h"
#include "analysis/similarity/singular_values.h"
#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Options = std::map<std::string, double>;

// Five digits, as the reference numbers are given to six.
constexpr double kFiveDigits = 5e-6;
// Products are in float32.
constexpr double kFloat32 = 2e-6;

std::string Npy(const Matrix& x) {
  const Matrix rows = x.transpose();
  return base::EncodeNpy(base::Array::Of<double>({x.rows(), x.cols()},
                                                 {rows.data(), static_cast<size_t>(rows.size())}));
}

Matrix Reference(const std::string& name) {
  const std::string path = RNNFARM_TEST_DIR "/reference_" + name + ".npy";
  return DecodeRepresentation(base::ReadFile(path).value(), path)->x;
}

absl::StatusOr<Prepared> PrepareBy(const std::string& name, const Options& options,
                                   const Matrix& x) {
  auto metric = MakeMetric(name, options);
  EXPECT_TRUE(metric.ok()) << metric.status();
  return (*metric)->Prepare(Npy(x), "x.npy");
}

Matrix Random(int rows, int columns, uint64_t substream) {
  base::RandomStream stream({1, 2}, substream);
  return Matrix::NullaryExpr(rows, columns, [&] { return stream.Normal(); });
}

Matrix Rotation(int size, uint64_t substream) {
  return Eigen::HouseholderQR<Matrix>(Random(size, size, substream)).householderQ();
}

double DistanceBy(const std::string& name, const Options& options, const Matrix& x,
                  const Matrix& y) {
  auto a = PrepareBy(name, options, x), b = PrepareBy(name, options, y);
  EXPECT_TRUE(a.ok()) << a.status();
  EXPECT_TRUE(b.ok()) << b.status();
  return DistanceBetween(**MakeMetric(name, options), *a, *b);
}

struct Named {
  std::string name;
  Options options;
};

class EveryMetric : public ::testing::TestWithParam<Named> {
 protected:
  double Distance(const Matrix& x, const Matrix& y) const {
    return DistanceBy(GetParam().name, GetParam().options, x, y);
  }
};

INSTANTIATE_TEST_SUITE_P(Metrics, EveryMetric,
                         ::testing::Values(Named{"svcca", {}}, Named{"svcca", {{"variance", 1}}},
                                           Named{"svcca", {{"components", 3}}}, Named{"cca", {}},
                                           Named{"cka", {}}, Named{"cka", {{"angular", 1}}},
                                           Named{"cka", {{"debiased", 1}}}, Named{"procrustes", {}},
                                           Named{"procrustes", {{"alpha", 0}}},
                                           Named{"procrustes", {{"alpha", 0.5}}}));

TEST_P(EveryMetric, IsZeroOnItselfAndOnARotatedScaledShiftedCopy) {
  const Matrix x = Random(80, 6, 1);
  // An angle of arccos(1 - 1e-16) is 1e-8: below that no float64 can tell.
  EXPECT_NEAR(Distance(x, x), 0, 1e-7);
  const Matrix copy = (3.5 * x * Rotation(6, 2)).rowwise() + Random(1, 6, 3).row(0);
  EXPECT_NEAR(Distance(x, copy), 0, 1e-6);
}

TEST_P(EveryMetric, IsSymmetricAndBlindToRotationScaleAndShiftOfEither) {
  const Matrix x = Random(80, 6, 1), y = x.leftCols(4) + Random(80, 4, 4);
  const double distance = Distance(x, y);
  EXPECT_GT(distance, 0.05);
  EXPECT_EQ(Distance(y, x), distance);
  EXPECT_NEAR(Distance((1e-3 * x * Rotation(6, 5)).array() + 7, y), distance, kFloat32);
  EXPECT_NEAR(Distance(x, (-40 * y * Rotation(4, 6)).array() - 2), distance, kFloat32);
}

TEST_P(EveryMetric, DoesNotDependOnTheOrderOfSamples) {
  const Matrix x = Random(60, 5, 1), y = x + Random(60, 5, 2);
  EXPECT_NEAR(Distance(x.colwise().reverse(), y.colwise().reverse()), Distance(x, y), kFloat32);
}

TEST_P(EveryMetric, GrowsWithNoise) {
  const Matrix x = Random(300, 6, 1), noise = Random(300, 6, 2);
  double last = Distance(x, x);
  for (double scale : {0.1, 0.5, 2.0}) {
    const double distance = Distance(x, x + scale * noise);
    EXPECT_GT(distance, last);
    last = distance;
  }
}

TEST_P(EveryMetric, TakesFewSamplesManyUnitsAndDuplicates) {
  const Matrix wide = Random(10, 40, 1);
  EXPECT_TRUE(std::isfinite(Distance(wide, Random(10, 3, 2))));
  Matrix twice(50, 8);
  twice << Random(50, 4, 3), Random(50, 4, 3);
  EXPECT_NEAR(Distance(twice, Random(50, 4, 3)), 0, 1e-6);
  EXPECT_TRUE(GetParam().options.count("debiased") ||
              std::isfinite(Distance(Random(3, 5, 6), Random(3, 2, 7))));
  EXPECT_TRUE(std::isfinite(Distance(Random(50, 1, 4), Random(50, 1, 5))));
}

TEST_P(EveryMetric, RefusesWhatCannotBeCompared) {
  const auto refusal = [](const Matrix& x) {
    const absl::Status status = PrepareBy(GetParam().name, GetParam().options, x).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  Matrix holed = Random(20, 3, 1);
  holed(7, 2) = NAN;
  EXPECT_THAT(refusal(holed), AllOf(HasSubstr("x.npy"), HasSubstr("unit 2 of sample 7")));
  EXPECT_THAT(refusal(Matrix::Constant(20, 3, 0.1)),
              AllOf(HasSubstr("x.npy"), HasSubstr("constant")));
  EXPECT_THAT(refusal(Matrix::Ones(1, 3)), HasSubstr("1 samples"));
  holed(7, 2) = -1e200;
  EXPECT_THAT(refusal(holed), HasSubstr("unit 2 of sample 7 is -1e+200, beyond 1e150"));
  EXPECT_THAT(refusal(Matrix(0, 3)), HasSubstr("0 samples"));
}

TEST_P(EveryMetric, AllPairsAreTheSameBytesForAnyNumberOfThreads) {
  auto metric = MakeMetric(GetParam().name, GetParam().options);
  std::vector<Prepared> prepared;
  for (int i = 0; i < 9; ++i) {
    prepared.push_back((*metric)->Prepare(Npy(Random(40, 3 + i, i)), "x.npy").value());
    EXPECT_EQ(prepared.back().extent, 40);
    EXPECT_GT(prepared.back().bytes(), 0);
  }
  const Matrix one = MeasureAllPairs(**metric, prepared, 1);
  EXPECT_EQ(one, MeasureAllPairs(**metric, prepared, 2));
  EXPECT_EQ(one, MeasureAllPairs(**metric, prepared, 16));
  EXPECT_EQ(one, one.transpose());
  EXPECT_EQ(one.diagonal().cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(one(2, 5), DistanceBetween(**metric, prepared[2], prepared[5]));
}

class TrueMetric : public EveryMetric {};

INSTANTIATE_TEST_SUITE_P(Metrics, TrueMetric,
                         ::testing::Values(Named{"cka", {{"angular", 1}}}, Named{"procrustes", {}},
                                           Named{"procrustes", {{"alpha", 0.3}}},
                                           Named{"procrustes", {{"euclidean", 1}}}));

TEST_P(TrueMetric, KeepsTheTriangleInequality) {
  auto metric = MakeMetric(GetParam().name, GetParam().options);
  std::vector<Prepared> prepared;
  for (int i = 0; i < 9; ++i) {
    // Some are near to each other, where rounding shows most.
    const Matrix x = Random(30, 6, i / 3) + 0.01 * (i % 3) * Random(30, 6, 50 + i);
    prepared.push_back((*metric)->Prepare(Npy(x.leftCols(2 + i / 2)), "x.npy").value());
  }
  const Matrix d = MeasureAllPairs(**metric, prepared, 1);
  EXPECT_TRUE(GetParam().options.count("euclidean") || d.maxCoeff() <= std::numbers::pi / 2);
  for (int i = 0; i < 9; ++i) {
    for (int j = 0; j < 9; ++j) {
      for (int k = 0; k < 9; ++k) EXPECT_LE(d(i, k), d(i, j) + d(j, k) + kFiveDigits);
    }
  }
}

// Computed with NumPy, once, for exactly these matrices.
TEST(ReferenceNumbersTest, AreReproducedToFiveDigits) {
  const Matrix x = Reference("x"), y = Reference("y");
  EXPECT_NEAR(DistanceBy("svcca", {}, x, y), 0.253340, kFiveDigits);
  EXPECT_NEAR(1 - DistanceBy("cka", {}, x, y), 0.557613, kFiveDigits);
  EXPECT_NEAR(DistanceBy("cka", {{"angular", 1}}, x, y), 0.979289, kFiveDigits);
  EXPECT_NEAR(1 - DistanceBy("cka", {{"debiased", 1}}, x, y), 0.51346, kFiveDigits);
  EXPECT_NEAR(DistanceBy("procrustes", {}, x, y), 0.743276, kFiveDigits);
  EXPECT_NEAR(DistanceBy("procrustes", {{"alpha", 0}}, x, y), 0.750990, kFiveDigits);
  EXPECT_NEAR(DistanceBy("procrustes", {{"euclidean", 1}}, x, y), 30.083272, kFiveDigits * 30);
}

TEST(ReferenceNumbersTest, CanonicalCorrelationsAreReproducedToFiveDigits) {
  const auto u = PrepareBy("svcca", {}, Reference("x")), v = PrepareBy("svcca", {}, Reference("y"));
  EXPECT_EQ(u->factors.cols(), 10);
  EXPECT_EQ(v->factors.cols(), 9);
  const double expected[] = {.88502, .85051, .82952, .76427, .74472,
                             .71706, .67589, .65871, .59424};
  const Vector rho = SingularValues((u->factors.transpose() * v->factors).cast<double>()).reverse();
  ASSERT_EQ(rho.size(), 9);
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(rho[i], expected[i], kFiveDigits);
  EXPECT_NEAR(rho.mean(), 0.746660, kFiveDigits);
}

TEST(SvccaTest, KeepsAnOrthonormalBasisOfTheSmallestDirectionsToo) {
  // Variances over 12 orders of magnitude: from a Gram matrix the last vectors lose their right
  // angles.
  Vector scales(7);
  for (int i = 0; i < 7; ++i) scales[i] = std::pow(10.0, -i);
  const Matrix centred = Centred(Random(100, 7, 1));
  const Matrix basis =
      Eigen::HouseholderQR<Matrix>(centred).householderQ() * Matrix::Identity(100, 7);
  const Matrix x = basis * scales.asDiagonal();
  const Matrix u = LeadingByShare(x, 1.0).u;
  ASSERT_EQ(u.cols(), 7);
  EXPECT_LT((u.transpose() * u - Matrix::Identity(7, 7)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(SvccaTest, KeepsAsManyComponentsAsItIsTold) {
  const Matrix x = Random(50, 8, 1);
  EXPECT_EQ(PrepareBy("svcca", {{"components", 3}}, x)->factors.cols(), 3);
  EXPECT_EQ(PrepareBy("svcca", {{"components", 20}}, x)->factors.cols(), 8);
  EXPECT_EQ(PrepareBy("cca", {}, x)->factors.cols(), 8);
  EXPECT_LT(PrepareBy("svcca", {{"variance", 0.5}}, x)->factors.cols(), 8);
}

TEST(SingularValuesTest, AreTheSameBitsForTheTranspose) {
  for (auto [rows, columns] : {std::pair(5, 5), std::pair(3, 7), std::pair(1, 4)}) {
    const Matrix c = Random(rows, columns, rows);
    EXPECT_EQ(SingularValues(c), SingularValues(c.transpose()));
    EXPECT_EQ(ExactNuclearNorm(c), ExactNuclearNorm(c.transpose()));
    EXPECT_NEAR(SingularValues(c).sum(), ExactNuclearNorm(c), 1e-7);
  }
}

TEST(CkaTest, DebiasedNeedsFourSamples) {
  EXPECT_THAT(std::string(PrepareBy("cka", {{"debiased", 1}}, Random(3, 5, 1)).status().message()),
              HasSubstr("x.npy: debiased CKA needs at least 4 samples, found 3"));
}

TEST(CkaTest, DebiasedIsNearZeroForUnrelatedWideRepresentationsWhereTheBiasedOneIsNot) {
  const Matrix x = Random(60, 200, 1), y = Random(60, 200, 2);
  EXPECT_GT(1 - DistanceBy("cka", {}, x, y), 0.7);
  EXPECT_NEAR(1 - DistanceBy("cka", {{"debiased", 1}}, x, y), 0, 0.05);
}

TEST(CkaTest, CopiesAreNotNearerThanZeroAndCanBeEmbedded) {
  for (int substream = 1; substream <= 20; ++substream) {
    const Matrix x = Random(40, 7, substream), other = Random(40, 7, substream + 100);
    Matrix distances = Matrix::Zero(3, 3);
    distances(0, 1) = distances(1, 0) = DistanceBy("cka", {{"debiased", 1}}, x, 3 * x);
    for (int i = 0; i < 2; ++i) {
      distances(i, 2) = distances(2, i) = DistanceBy("cka", {{"debiased", 1}}, x, other);
    }
    EXPECT_GE(distances(0, 1), 0);
    EXPECT_NEAR(distances(0, 1), 0, 1e-7);
    const auto embedding = EmbedMds(distances);
    EXPECT_TRUE(embedding.ok()) << embedding.status();
  }
}

TEST(IdentityTest, SettingsThatDifferHaveDifferentNames) {
  std::set<std::string> identities;
  for (const MetricKind& kind : MetricKinds()) {
    identities.insert(IdentityOf(kind, CompleteSettings(kind, {}).value()));
  }
  EXPECT_EQ(identities.size(), MetricKinds().size());
  const MetricKind& svcca = **FindMetric("svcca");
  EXPECT_NE(IdentityOf(svcca, {{"variance", 0.9999999}}), IdentityOf(svcca, {{"variance", 1}}));
  EXPECT_EQ(IdentityOf(svcca, {{"components", 3}, {"variance", 0.95}}),
            "svcca components=3 variance=0.95");
}

TEST(MakeMetricTest, RefusalsSayWhatThereIs) {
  EXPECT_THAT(std::string(MakeMetric("svca").status().message()),
              HasSubstr("svcca, cca, cka, procrustes"));
  EXPECT_THAT(std::string(MakeMetric("svcca", {{"share", 1}}).status().message()),
              HasSubstr("variance"));
  EXPECT_THAT(std::string(MakeMetric("cca", {{"share", 1}}).status().message()),
              HasSubstr("takes none"));
  for (double variance : {0.0, -1.0, 1.5, double{NAN}}) {
    EXPECT_FALSE(MakeMetric("svcca", {{"variance", variance}}).ok()) << variance;
  }
  EXPECT_FALSE(MakeMetric("cka", {{"debiased", 0.5}}).ok());
  for (const std::string& name : MetricNames()) EXPECT_TRUE(MakeMetric(name).ok()) << name;
}

}  // namespace
}  // namespace rnnfarm::analysis
