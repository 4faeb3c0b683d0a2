// Every metric against its independent statement in independent_distances.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "analysis/similarity/metric.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {
namespace {

constexpr char kScript[] = "/usr/bin/python3 " RNNFARM_TEST_DIR "/independent_distances.py ";

Matrix Load(const std::string& path) {
  auto array = base::DecodeNpy(base::ReadFile(path).value(), path);
  return LoadRepresentation(array.value(), path).value();
}

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
      {"procrustes", {}}};
  std::ifstream cases(folder + "/cases.txt");
  std::ofstream out(folder + "/distances.csv");
  out.precision(17);
  int count = 0;
  for (std::string name; cases >> name; ++count) {
    const Matrix x = Load(absl::StrCat(folder, "/", name, "_x.npy"));
    const Matrix y = Load(absl::StrCat(folder, "/", name, "_y.npy"));
    out << name;
    for (const auto& [metric_name, options] : metrics) {
      auto metric = MakeMetric(metric_name, options);
      ASSERT_TRUE(metric.ok()) << metric.status();
      auto a = (*metric)->Prepare(x), b = (*metric)->Prepare(y);
      ASSERT_TRUE(a.ok()) << name << " " << a.status();
      ASSERT_TRUE(b.ok()) << name << " " << b.status();
      out << ',' << (*metric)->Distance(**a, **b);
    }
    out << '\n';
  }
  out.close();
  EXPECT_GE(count, 12);
  EXPECT_EQ(std::system(absl::StrCat(kScript, "check ", folder).c_str()), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
