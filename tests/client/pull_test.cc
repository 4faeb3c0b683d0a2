// Pulling the results of a trained sweep: what is fetched, repaired, kept and vouched for.
#include "client/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/array_file.h"
#include "client/command.h"
#include "tests/client/trained_farm.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(FarmTest, PullSkipsResumesAndRepairs) {
  const std::string out = At("pulled");
  Result result = OnFarm({"pull", "tiny", out});
  EXPECT_EQ(result.code, kOk) << result.err;
  const std::string manifest = Read("pulled/manifest.json");
  EXPECT_EQ(manifest, Read("run/manifest.json"));

  const std::string key = "flipflop-vanilla-tanh-8-l2_1e-05-s";
  const std::string cut = "pulled/flipflop/states/" + key + "0.npy";
  const std::string bytes = Read(cut);
  fs::remove(At(cut));
  ASSERT_TRUE(base::WriteFile(At(cut + ".part"), bytes.substr(0, bytes.size() / 2)).ok());
  const std::string whole = "pulled/flipflop/states/" + key + "1.npy";
  fs::rename(At(whole), At(whole + ".part"));
  const std::string wrong = "pulled/flipflop/states/" + key + "2.npy";
  const std::string right = Read(wrong);
  std::string damaged = right;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ASSERT_TRUE(base::WriteFile(At(wrong), damaged).ok());
  ASSERT_TRUE(base::WriteFile(At(wrong + ".part"), damaged.substr(5)).ok());

  std::vector<PullProgress> told;
  PullOptions options;
  options.progress = [&told](const PullProgress& progress) { told.push_back(progress); };
  const auto summary =
      Pull(Farm(server_->address(), absl::Seconds(30)), "sweeps/tiny", out, options);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->fetched, 3);
  EXPECT_EQ(Read(cut), bytes);
  // Half of one file; the rest of another, which turned out to be damaged, and then all of it.
  const auto fetched = static_cast<int64_t>(bytes.size() - bytes.size() / 2 + 5 + right.size());
  EXPECT_EQ(summary->bytes, fetched);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().files, told.back().all_files);
  EXPECT_EQ(told.back().bytes, told.back().all_bytes);
  EXPECT_EQ(told.back().fetched_bytes, fetched);
  EXPECT_EQ(told.back().files, summary->files);
  for (const PullProgress& progress : told) EXPECT_LE(progress.bytes, progress.all_bytes);
  EXPECT_EQ(Read(wrong), right);
  EXPECT_TRUE(fs::exists(At(whole)));
  EXPECT_EQ(Read("pulled/manifest.json"), manifest);
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}

TEST_F(FarmTest, PullTakesOnlyWhatIsAskedFor) {
  EXPECT_EQ(OnFarm({"pull", "tiny", At("only"), "--only", "distances,statistics"}).code, kOk);
  EXPECT_TRUE(fs::exists(At("only/flipflop/distances/svcca.npy")));
  EXPECT_TRUE(fs::exists(At("only/flipflop/statistics.json")));
  EXPECT_FALSE(fs::exists(At("only/flipflop/states")));
  EXPECT_EQ(OnFarm({"pull", "tiny", At("only"), "--only", "distance"}).code, kUsage);
}

TEST_F(FarmTest, ANarrowerPullKeepsWhatTheFolderHoldsInTheManifest) {
  const std::string out = At("narrowed");
  ASSERT_EQ(OnFarm({"pull", "tiny", out, "--format", "hdf5,pt"}).code, kOk);
  const std::string manifest = Read("narrowed/manifest.json");
  const std::string hdf5 = "narrowed/flipflop/results.h5", whole = Read(hdf5);
  EXPECT_THAT(manifest, HasSubstr("\"flipflop/results.h5\""));
  EXPECT_EQ(OnFarm({"pull", "tiny", out}).code, kOk);
  EXPECT_EQ(Read("narrowed/manifest.json"), manifest) << "without the formats";
  EXPECT_EQ(OnFarm({"pull", "tiny", out, "--only", "distances"}).code, kOk);
  EXPECT_EQ(Read("narrowed/manifest.json"), manifest) << "of some kinds only";

  // What is no longer what the farm has is not vouched for, nor what was made of it.
  const std::string network = "flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0";
  ASSERT_TRUE(base::WriteFile(At("narrowed/" + network + ".npz"), "of an older result").ok());
  EXPECT_EQ(OnFarm({"pull", "tiny", out, "--only", "distances"}).code, kOk);
  EXPECT_THAT(Read("narrowed/manifest.json"), Not(HasSubstr(network)));
  EXPECT_THAT(Read("narrowed/manifest.json"), HasSubstr("flipflop/networks/"));
  EXPECT_FALSE(fs::exists(At("narrowed/" + network + ".pt")));
  EXPECT_NE(Read(hdf5), whole);

  EXPECT_EQ(OnFarm({"pull", "tiny", out}).code, kOk);
  EXPECT_EQ(Read("narrowed/manifest.json"), manifest) << "all of it again";
  EXPECT_EQ(Read(hdf5), whole);
}

TEST_F(FarmTest, WhatWasMadeOfANetworkThatIsListedNoMoreGoes) {
  const std::string out = At("dropped"), gone = "dropped/flipflop/networks/gone.pt";
  ASSERT_EQ(OnFarm({"pull", "tiny", out, "--format", "pt"}).code, kOk);
  std::string manifest = Read("dropped/manifest.json");
  // As an earlier pull of more networks would have listed it.
  manifest.insert(manifest.find('[') + 1,
                  "{\"path\": \"flipflop/networks/gone.pt\", \"sha256\": \"0\", "
                  "\"size_bytes\": 4, \"made_from\": \"0\"}, "
                  "{\"path\": \"../networks/mine.pt\", \"sha256\": \"0\", "
                  "\"size_bytes\": 4, \"made_from\": \"0\"},");
  fs::create_directories(At("networks"));
  ASSERT_TRUE(base::WriteFile(At("dropped/manifest.json"), manifest).ok());
  ASSERT_TRUE(base::WriteFile(At("networks/mine.pt"), "torn").ok());
  ASSERT_TRUE(base::WriteFile(At(gone), "torn").ok());
  EXPECT_EQ(OnFarm({"pull", "tiny", out}).code, kOk);
  EXPECT_FALSE(fs::exists(At(gone)));
  EXPECT_TRUE(fs::exists(At("networks/mine.pt"))) << "outside the folder";
}

TEST_F(FarmTest, FormatsThatNoManifestVouchesForAreMadeAgain) {
  const std::string out = At("unvouched");
  ASSERT_EQ(OnFarm({"pull", "tiny", out, "--format", "hdf5"}).code, kOk);
  const std::string manifest = Read("unvouched/manifest.json");
  fs::remove(At("unvouched/manifest.json"));
  ASSERT_TRUE(base::WriteFile(At("unvouched/flipflop/results.h5"), "half of it").ok());
  EXPECT_EQ(OnFarm({"pull", "tiny", out}).code, kOk);
  EXPECT_EQ(Read("unvouched/manifest.json"), manifest);
  EXPECT_FALSE(
      fs::exists(At("unvouched/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.pt")));
}

}  // namespace
}  // namespace rnnfarm::client
