// What is removed by age, what is not, and that the disk gets its space back.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/digest.h"
#include "coordinator/store/artifact_rows.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

class GarbageTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    Options options;
    options.path = folder_.path();
    options.free_space_floor_bytes = 0;
    options.now = [this] { return now_; };
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void SetUp() override { Reopen(); }

  std::string Put(const std::string& bytes) {
    EXPECT_TRUE(store_->PutArtifact(bytes).ok());
    return base::DigestOf(bytes);
  }
  bool Has(const std::string& digest) { return store_->ReadWholeArtifact(digest).ok(); }
  // What is older than a day.
  Garbage Collect() {
    auto removed = store_->CollectGarbage(now_ - kDay);
    EXPECT_TRUE(removed.ok()) << removed.status();
    return removed.value_or(Garbage{});
  }
  int64_t BytesOnDisk() const {
    int64_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (file.is_regular_file()) bytes += static_cast<int64_t>(file.file_size());
    }
    return bytes;
  }

  StoreFolder folder_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<Store> store_;
};

TEST_F(GarbageTest, KeepsWhatAnyKindOfRecordRefersTo) {
  Batch batch;
  std::vector<std::string> named;
  auto next = [&] { return named.emplace_back(Put("named " + std::to_string(named.size()))); };
  batch.jobs = {MakeJob(0)};
  (*batch.jobs[0].mutable_artifacts())["states"] = next();
  batch.jobs[0].add_checkpoints()->set_digest(next());
  (*batch.networks.emplace_back().mutable_artifacts())["network"] = next();
  auto* trial = batch.configurations.emplace_back().add_trials();
  trial->set_checkpoint(next());
  trial->set_curve(next());
  v1::Sweep& sweep = batch.sweeps.emplace_back();
  sweep.mutable_spec()->add_task()->mutable_dataset()->set_digest(next());
  sweep.mutable_spec()->add_import()->set_digest(next());
  ASSERT_TRUE(store_->Commit({batch}).ok());
  const std::string unnamed = Put("unnamed");
  now_ += 2 * kDay;
  EXPECT_EQ(Collect().artifacts, 1);
  for (const std::string& digest : named) EXPECT_TRUE(Has(digest)) << digest;
  EXPECT_TRUE(absl::IsNotFound(store_->GetArtifact(unnamed).status()));
  EXPECT_EQ(store_->GetUpload(unnamed)->committed_bytes, 0);
}

TEST_F(GarbageTest, KeepsWhatIsYoungOrWasOfferedAgain) {
  const std::string again = Put("again"), asked = Put("asked"), old = Put("old");
  now_ += 2 * kDay;
  Put("again");
  EXPECT_TRUE(store_->GetUpload(asked)->complete);
  const std::string young = Put("young");
  // Also after a restart.
  Reopen();
  EXPECT_EQ(Collect().artifacts, 1);
  EXPECT_TRUE(Has(again));
  EXPECT_TRUE(Has(asked));
  EXPECT_TRUE(Has(young));
  EXPECT_FALSE(Has(old));
  now_ += 2 * kDay;
  EXPECT_EQ(Collect().artifacts, 3);
}

TEST_F(GarbageTest, RemovesUploadsThatDoNotGoOn) {
  const std::string goes_on = base::DigestOf("goes on"), stands = base::DigestOf("stands");
  ASSERT_TRUE(store_->AppendUpload(goes_on, 7, 0, "goes").ok());
  ASSERT_TRUE(store_->AppendUpload(stands, 6, 0, "stan").ok());
  now_ += 2 * kDay;
  Reopen();
  ASSERT_TRUE(store_->AppendUpload(goes_on, 7, 4, " ").ok());
  EXPECT_EQ(Collect().artifacts, 1);
  EXPECT_EQ(store_->GetUpload(goes_on)->committed_bytes, 5);
  EXPECT_EQ(store_->GetUpload(stands)->committed_bytes, 0);
  ASSERT_TRUE(store_->AppendUpload(goes_on, 7, 5, "on").ok());
  ASSERT_TRUE(store_->FinishUpload(goes_on, 7).ok());
  EXPECT_TRUE(Has(goes_on));
}

// Half of the artifacts, one here and one there, so that files are neither all garbage nor none.
TEST_F(GarbageTest, GivesSpaceBack) {
  constexpr int kArtifacts = 24;
  constexpr int64_t kBytes = 1 << 20;
  std::vector<std::string> kept;
  for (int i = 0; i < kArtifacts; ++i) {
    const std::string digest = Put(std::string(kBytes, static_cast<char>('a' + i)));
    if (i % 2 == 0) continue;
    Batch batch;
    (*batch.networks.emplace_back().mutable_artifacts())["network"] = digest;
    batch.networks.back().set_name("sweeps/s/networks/" + digest);
    ASSERT_TRUE(store_->Commit({batch}).ok());
    kept.push_back(digest);
  }
  now_ += 2 * kDay;
  const Garbage removed = Collect();
  EXPECT_EQ(removed.artifacts, kArtifacts / 2);
  EXPECT_EQ(removed.bytes, kArtifacts / 2 * kBytes);
  for (const std::string& digest : kept) EXPECT_TRUE(Has(digest));
  store_.reset();
  EXPECT_LT(BytesOnDisk(), (kArtifacts / 2 + 2) * kBytes);
}

TEST_F(GarbageTest, TheSameBytesTwiceTakeNoMoreSpace) {
  const std::string bytes(8 << 20, 'x');
  Put(bytes);
  const int64_t once = BytesOnDisk();
  for (int i = 0; i < 4; ++i) Put(bytes);
  EXPECT_LT(BytesOnDisk(), once + (1 << 20));
}

}  // namespace
}  // namespace rnnfarm::store
