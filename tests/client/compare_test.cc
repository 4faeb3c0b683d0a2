#include "client/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/array_file.h"
#include "client/compare_files.h"

namespace rnnfarm::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Files of the reference data that docs/science.md states its numbers for, made by NumPy.
class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "compare-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    const std::string command =
        "cd " + folder_ +
        " && /usr/bin/python3 -c \"import numpy as np; np.random.seed(1337);"
        "X = np.random.randn(100, 10); Y = np.random.randn(100, 10) + X;"
        "Q = np.linalg.qr(np.random.randn(10, 10))[0];"
        "np.save('X.npy', X); np.save('Y.npy', Y); np.save('R.npy', 3 * X @ Q + 1);"
        "np.save('short.npy', X[:50]); np.savez('Y.npz', states=Y);"
        "import os; os.makedirs('task/states');"
        "np.save('task/states/one.npy', Y); np.save('task/states/two.npy', 3 * X @ Q + 1);"
        "np.save('task/states/flat.npy', X * 0)\"";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name) const { return folder_ + "/" + name; }
  double Distance(const std::string& a, const std::string& b, const std::string& metric,
                  const std::map<std::string, double>& options = {}) const {
    const auto comparison =
        Compare({.files = {File(a), File(b)}, .metric = metric, .options = options});
    EXPECT_TRUE(comparison.ok()) << comparison.status();
    return comparison.ok() ? comparison->distances(0, 1) : -1;
  }

  std::string folder_;
};

TEST_F(CompareTest, GivesTheReferenceNumbers) {
  EXPECT_NEAR(Distance("X.npy", "Y.npy", "svcca", {{"variance", 0.95}}), 0.253340, 5e-6);
  EXPECT_NEAR(Distance("X.npy", "Y.npy", "cka"), 1 - 0.557613, 5e-6);
  EXPECT_NEAR(Distance("X.npy", "Y.npy", "cka", {{"debiased", 1}}), 1 - 0.51346, 5e-6);
  EXPECT_NEAR(Distance("X.npy", "Y.npy", "procrustes"), 0.743276, 5e-6);
}

TEST_F(CompareTest, RotationScalingAndShiftAreNoDistance) {
  for (const char* metric : {"svcca", "cca", "cka", "procrustes", "dsa"}) {
    EXPECT_NEAR(Distance("X.npy", "R.npy", metric), 0, 1e-6) << metric;
  }
}

TEST_F(CompareTest, ReadsArchives) {
  EXPECT_EQ(Distance("X.npy", "Y.npz", "svcca"), Distance("X.npy", "Y.npy", "svcca"));
}

TEST_F(CompareTest, RefusesWhatCannotBeCompared) {
  const auto refused = [this](const std::string& file) {
    return std::string(Compare({.files = {File("X.npy"), File(file)}}).status().message());
  };
  EXPECT_THAT(refused("short.npy"), HasSubstr("50 samples"));
  EXPECT_THAT(refused("absent.npy"), HasSubstr("absent.npy"));
  ASSERT_TRUE(base::WriteFile(File("text.npy"), "no array").ok());
  EXPECT_THAT(refused("text.npy"), HasSubstr("text.npy"));
  EXPECT_FALSE(Compare({.files = {File("X.npy")}}).ok());
  EXPECT_THAT(std::string(Compare({.files = {File("X.npy"), File("Y.npy")}, .metric = "distance"})
                              .status()
                              .message()),
              HasSubstr("svcca"));
}

TEST_F(CompareTest, TellsTheNearestNetworksOfASweepAndWhoIsLeftOut) {
  const auto comparison = Compare({.files = {File("X.npy")}, .with = File("task")});
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_THAT(comparison->labels, ElementsAre(File("X.npy"), "one", "two"));
  EXPECT_THAT(NearestTo(*comparison, 0), ElementsAre(2, 1));
  ASSERT_EQ(comparison->left_out.size(), 1u);
  EXPECT_EQ(comparison->left_out[0].first, "flat");
  EXPECT_THAT(comparison->left_out[0].second, HasSubstr("constant"));
  EXPECT_THAT(ComparisonJson(*comparison), HasSubstr("\"nearest\": [[{\"network\": \"two\""));
  EXPECT_FALSE(Compare({.files = {File("X.npy")}, .with = File("nowhere")}).ok());
}

TEST_F(CompareTest, WritesTheMatrixAndItsEmbedding) {
  const auto comparison = Compare({.files = {File("X.npy"), File("Y.npy"), File("R.npy")}});
  ASSERT_TRUE(comparison.ok());
  ASSERT_TRUE(WriteComparison(*comparison, File("out"), 1).ok());
  const auto matrix = base::DecodeNpy(*base::ReadFile(File("out/svcca.npy")), "svcca.npy");
  ASSERT_TRUE(matrix.ok());
  EXPECT_EQ(matrix->Describe(), "(3, 3) <f8");
  EXPECT_THAT(*base::ReadFile(File("out/index.csv")), HasSubstr("1," + File("Y.npy")));
  EXPECT_TRUE(std::filesystem::exists(File("out/svcca_mds.csv")));
  EXPECT_THAT(ComparisonJson(*comparison),
              HasSubstr("{\"metric\": \"svcca\", \"settings\": {\"components\": 0, \"variance\": "
                        "0.95}, \"labels\": [\""));
}

}  // namespace
}  // namespace rnnfarm::client
