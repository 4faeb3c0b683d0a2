// Every metric against its independent statement in independent_distances.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "analysis/metric_registry.h"
#include "analysis/pairwise/pairwise.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {
namespace {

constexpr char kScript[] = "/usr/bin/python3 " RNNFARM_TEST_DIR "/independent_distances.py ";

TEST(IndependentDistancesTest, AgreeToFiveDigits) {
  const std::string folder = ::testing::TempDir() + "/rnnfarm_independent_distances";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ASSERT_EQ(std::system(absl::StrCat(kScript, "write ", folder).c_str()), 0);

  const std::pair<std::string, std::map<std::string, double>> metrics[] = {
      {"svcca", {}},
      {"svcca", {{"variance", 0.999999999}}},
      {"cka", {}},
      {"cka", {{"debiased", 1}}},
      {"cka", {{"angular", 1}}},
      {"procrustes", {}},
      {"cca", {}},
      {"svcca", {{"components", 2}}},
      {"procrustes", {{"alpha", 0}}},
      {"procrustes", {{"alpha", 0.5}}},
      {"procrustes", {{"euclidean", 1}}}};
  std::ifstream cases(folder + "/cases.txt");
  std::ofstream out(folder + "/distances.csv");
  out.precision(17);
  int count = 0;
  for (std::string name; cases >> name; ++count) {
    const std::string x = base::ReadFile(absl::StrCat(folder, "/", name, "_x.npy")).value();
    const std::string y = base::ReadFile(absl::StrCat(folder, "/", name, "_y.npy")).value();
    out << name;
    for (const auto& [metric_name, options] : metrics) {
      auto metric = MakeMetric(metric_name, options);
      ASSERT_TRUE(metric.ok()) << metric.status();
      auto a = (*metric)->Prepare(x, name), b = (*metric)->Prepare(y, name);
      out << ',';
      // Too few samples for the debiased estimate are refused, and stand as -1.
      if (!a.ok() || !b.ok()) {
        ASSERT_EQ(metric_name, "cka") << a.status() << " " << b.status();
        out << -1;
      } else {
        out << DistanceBetween(**metric, *a, *b);
      }
    }
    out << '\n';
  }
  out.close();
  EXPECT_GE(count, 12);
  EXPECT_EQ(std::system(absl::StrCat(kScript, "check ", folder).c_str()), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
