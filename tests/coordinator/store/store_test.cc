#include "coordinator/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

TEST(Store, KeepsRecordsInOrderOverReopening) {
  StoreFolder folder;
  {
    auto store = folder.MustOpen();
    Batch first, second;
    first.jobs = {MakeJob(2), MakeJob(1)};
    first.networks.emplace_back().set_name("sweeps/s/networks/n");
    v1::Configuration configuration;
    configuration.set_sweep("sweeps/s");
    configuration.set_key("k");
    first.configurations = {configuration};
    first.sweeps.emplace_back().set_name("sweeps/s");
    second.jobs = {MakeJob(1)};
    second.jobs[0].set_reason("later");
    ASSERT_TRUE(store->Commit({first, second}).ok());
  }
  auto store = folder.MustOpen();
  std::vector<std::string> seen;
  Store::Visitor visitor;
  visitor.sweep = [&](v1::Sweep r) { seen.push_back(r.name()); };
  visitor.configuration = [&](v1::Configuration r) { seen.push_back(r.key()); };
  visitor.network = [&](v1::Network r) { seen.push_back(r.name()); };
  visitor.job = [&](v1::Job r) { seen.push_back(r.name() + r.reason()); };
  ASSERT_TRUE(store->Load(visitor).ok());
  EXPECT_THAT(seen, ElementsAre("sweeps/s", "k", "sweeps/s/networks/n", "sweeps/s/jobs/j1later",
                                "sweeps/s/jobs/j2"));
}

TEST(Store, KeepsTheLogOfEachJobInOrderOverReopening) {
  StoreFolder folder;
  {
    auto store = folder.MustOpen();
    Batch batch;
    for (int64_t number = 0; number < 300; ++number) {
      batch.events.push_back({"sweeps/s/jobs/j", number, {}});
      batch.events.back().event.set_attempt(static_cast<uint64_t>(number));
    }
    batch.events.push_back({"sweeps/s/jobs/j2", 0, {}});
    ASSERT_TRUE(store->Commit({batch}).ok());
  }
  auto store = folder.MustOpen();
  auto events = store->ReadEvents("sweeps/s/jobs/j", 254, 1000);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 46);
  EXPECT_EQ(events->front().attempt(), 254);
  EXPECT_EQ(events->back().attempt(), 299);
  EXPECT_EQ(store->ReadEvents("sweeps/s/jobs/j", 0, 7)->size(), 7);
  EXPECT_TRUE(store->ReadEvents("sweeps/s/jobs/none", 0, 7)->empty());
}

// A sweep with a configuration, a network, a job and an event.
void AddSweep(const std::string& name, uint64_t attempt, Batch& batch) {
  batch.sweeps.emplace_back().set_name(name);
  batch.configurations.emplace_back().set_sweep(name);
  batch.configurations.back().set_key("k");
  batch.networks.emplace_back().set_name(name + "/networks/n");
  batch.jobs.emplace_back().set_name(name + "/jobs/j");
  batch.jobs.back().set_attempt(attempt);
  batch.events.push_back({name + "/jobs/j", 0, {}});
}

std::vector<std::string> AllRecords(Store& store) {
  std::vector<std::string> seen;
  Store::Visitor visitor;
  visitor.sweep = [&](v1::Sweep r) { seen.push_back(r.name()); };
  visitor.configuration = [&](v1::Configuration r) { seen.push_back(r.sweep() + " " + r.key()); };
  visitor.network = [&](v1::Network r) { seen.push_back(r.name()); };
  visitor.job = [&](v1::Job r) {
    seen.push_back(
        absl::StrCat(r.name(), " ", r.attempt(), " ", store.ReadEvents(r.name(), 0, 9)->size()));
  };
  visitor.deleted_sweep = [&](v1::DeletedSweep r) {
    seen.push_back(absl::StrCat("not ", r.name(), " ", r.last_attempt()));
  };
  EXPECT_TRUE(store.Load(visitor).ok());
  return seen;
}

TEST(Store, DeletesAllOfASweepAndNothingOfItsNeighbours) {
  StoreFolder folder;
  Batch made, gone, again;
  for (const char* name : {"sweeps/s", "sweeps/s-t", "sweeps/s.t", "sweeps/s0", "sweeps/st"}) {
    AddSweep(name, 7, made);
  }
  gone.deleted_sweeps.emplace_back().set_name("sweeps/s");
  gone.deleted_sweeps[0].set_last_attempt(7);
  EXPECT_FALSE(gone.empty());
  std::vector<std::string> others;
  {
    auto store = folder.MustOpen();
    ASSERT_TRUE(store->Commit({made}).ok());
    ASSERT_TRUE(store->Commit({gone}).ok());
    others = AllRecords(*store);
    EXPECT_EQ(others.size(), 4 * 4 + 1);
    EXPECT_THAT(others, Not(Contains(HasSubstr("sweeps/s/"))));
    EXPECT_THAT(others, Contains("not sweeps/s 7"));
    EXPECT_TRUE(store->ReadEvents("sweeps/s/jobs/j", 0, 9)->empty());
  }
  auto store = folder.MustOpen();
  EXPECT_EQ(AllRecords(*store), others);
  // Another one of the name, in the batch that deletes the one before it.
  AddSweep("sweeps/s", 8, again);
  ASSERT_TRUE(store->Commit({again}).ok());
  gone.deleted_sweeps[0].set_last_attempt(8);
  again.jobs[0].set_attempt(9);
  ASSERT_TRUE(store->Commit({gone, again}).ok());
  for (bool reopened : {false, true}) {
    if (reopened) {
      store.reset();
      store = folder.MustOpen();
    }
    EXPECT_EQ(AllRecords(*store).size(), 5 * 4 + 1);
    EXPECT_THAT(AllRecords(*store), Contains("sweeps/s/jobs/j 9 1"));
    EXPECT_THAT(AllRecords(*store), Contains("not sweeps/s 8"));
  }
}

TEST(Store, RemembersAnswersOverReopening) {
  StoreFolder folder;
  {
    auto store = folder.MustOpen();
    Batch batch;
    batch.answers = {{"SubmitSweep/1", std::string("\0answer", 7)}};
    ASSERT_TRUE(store->Commit({batch}).ok());
  }
  auto store = folder.MustOpen();
  auto answer = store->FindAnswer("SubmitSweep/1");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, std::string("\0answer", 7));
  EXPECT_TRUE(absl::IsNotFound(store->FindAnswer("SubmitSweep/2").status()));
}

TEST(Store, ForgetsTheOldestAnswersBeyondTheLimit) {
  StoreFolder folder;
  {
    auto store = folder.MustOpen();
    Batch batch;
    for (int i = 0; i < 20'003; ++i) batch.answers.emplace_back(std::to_string(i), "a");
    ASSERT_TRUE(store->Commit({batch}).ok());
  }
  auto store = folder.MustOpen();
  EXPECT_TRUE(absl::IsNotFound(store->FindAnswer("2").status()));
  EXPECT_TRUE(store->FindAnswer("3").ok());
}

TEST(Store, ResumesAnUploadAfterReopening) {
  StoreFolder folder;
  const std::string bytes = Bytes(3'000'000);
  const std::string digest = base::DigestOf(bytes);
  const absl::string_view view = bytes;
  {
    auto store = folder.MustOpen();
    ASSERT_TRUE(store->AppendUpload(digest, bytes.size(), 0, view.substr(0, 1'500'000)).ok());
  }
  auto store = folder.MustOpen();
  auto upload = store->GetUpload(digest);
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(upload->committed_bytes, 1'500'000);
  EXPECT_FALSE(upload->complete);
  EXPECT_TRUE(absl::IsNotFound(store->GetArtifact(digest).status()));
  EXPECT_TRUE(absl::IsOutOfRange(store->FinishUpload(digest, bytes.size()).status()));
  // A gap is refused, an overlap skipped.
  EXPECT_TRUE(absl::IsOutOfRange(
      store->AppendUpload(digest, bytes.size(), 1'500'001, view.substr(1'500'001, 10))));
  ASSERT_TRUE(store->AppendUpload(digest, bytes.size(), 1'000'000, view.substr(1'000'000)).ok());
  auto artifact = store->FinishUpload(digest, bytes.size());
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ(artifact->size_bytes(), 3'000'000);
  EXPECT_EQ(*store->ReadWholeArtifact(digest), bytes);
  EXPECT_EQ(*store->ReadArtifact(digest, 1'400'000, 200'000), bytes.substr(1'400'000, 200'000));
  EXPECT_EQ(*store->ReadArtifact(digest, 2'999'999, 10), bytes.substr(2'999'999));
  EXPECT_EQ(*store->ReadArtifact(digest, 3'000'000, 10), "");
  EXPECT_TRUE(absl::IsOutOfRange(store->ReadArtifact(digest, 3'000'001, 1).status()));
  EXPECT_TRUE(store->GetUpload(digest)->complete);
}

TEST(Store, KeepsNothingOfAWrongDigest) {
  StoreFolder folder;
  auto store = folder.MustOpen();
  const std::string digest = base::DigestOf("right");
  ASSERT_TRUE(store->AppendUpload(digest, 5, 0, "wrong").ok());
  auto finished = store->FinishUpload(digest, 5);
  EXPECT_TRUE(absl::IsDataLoss(finished.status()));
  EXPECT_THAT(std::string(finished.status().message()), HasSubstr(digest));
  EXPECT_EQ(store->GetUpload(digest)->committed_bytes, 0);
  ASSERT_TRUE(store->AppendUpload(digest, 5, 0, "right").ok());
  EXPECT_TRUE(store->FinishUpload(digest, 5).ok());
  EXPECT_EQ(*store->ReadWholeArtifact(digest), "right");
}

TEST(Store, PutsSmallEmptyAndLargeArtifacts) {
  StoreFolder folder;
  auto store = folder.MustOpen();
  for (size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{2} << 20) + 1}) {
    const std::string bytes = Bytes(size);
    ASSERT_TRUE(store->PutArtifact(bytes).ok()) << size;
    ASSERT_TRUE(store->PutArtifact(bytes).ok()) << size << " again";
    EXPECT_EQ(*store->ReadWholeArtifact(base::DigestOf(bytes)), bytes);
  }
}

TEST(Store, RefusesUploadsThatAreWrongInThemselves) {
  StoreFolder folder;
  auto store = folder.MustOpen();
  const std::string digest = base::DigestOf("12345");
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendUpload("abc", 5, 0, "12345")));
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendUpload(digest, 4, 0, "12345")));
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendUpload(digest, 5, -1, "12345")));
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendUpload(digest, 5, INT64_MAX, "12345")));
}

TEST(Store, RefusesUploadsBelowTheFloorOfFreeSpace) {
  StoreFolder folder;
  auto store = folder.Open(INT64_MAX);
  ASSERT_TRUE(store.ok());
  auto status = (*store)->AppendUpload(base::DigestOf("1"), 1, 0, "1");
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("floor"));
}

TEST(Store, RefusesAFolderThatLostItsBeginning) {
  StoreFolder folder;
  folder.MustOpen().reset();
  ASSERT_TRUE(std::filesystem::remove(folder.path() + "/db/CURRENT"));
  for (int i = 0; i < 2; ++i) {
    auto store = folder.Open();
    EXPECT_TRUE(absl::IsDataLoss(store.status())) << store.status();
    EXPECT_THAT(std::string(store.status().message()), HasSubstr("CURRENT"));
  }
}

TEST(Store, ReadsNothingOfOtherArtifacts) {
  StoreFolder folder;
  auto store = folder.MustOpen();
  std::vector<std::string> digests;
  for (const char* bytes : {"a", "b", "c", "d", "e"}) digests.push_back(base::DigestOf(bytes));
  std::sort(digests.begin(), digests.end());
  // The second and fourth of five in the order of the rows; the others have none.
  for (const char* bytes : {"a", "b", "c", "d", "e"}) {
    const std::string digest = base::DigestOf(bytes);
    if (digest != digests[1] && digest != digests[3]) continue;
    ASSERT_TRUE(store->PutArtifact(bytes).ok());
  }
  for (int i : {0, 2, 4}) EXPECT_EQ(store->GetUpload(digests[i])->committed_bytes, 0);
  for (int i : {1, 3}) EXPECT_EQ(base::DigestOf(*store->ReadWholeArtifact(digests[i])), digests[i]);
}

// With RocksDB itself, while no store has the folder open.
void ChangeBelow(
    const StoreFolder& folder,
    const std::function<void(rocksdb::DB&, std::vector<rocksdb::ColumnFamilyHandle*>&)>& change) {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "records", "answers", "artifacts", "chunks"}) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  ASSERT_TRUE(rocksdb::DB::Open({}, folder.path() + "/db", families, &handles, &db).ok());
  change(*db, handles);
  for (auto* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  delete db;
}

TEST(Store, TakesAnOlderSchemaAndMarksItWithItsOwn) {
  StoreFolder folder;
  folder.MustOpen().reset();
  ChangeBelow(folder, [](rocksdb::DB& db, auto&) { ASSERT_TRUE(db.Put({}, "schema", "1").ok()); });
  folder.MustOpen().reset();
  ChangeBelow(folder, [](rocksdb::DB& db, auto&) {
    std::string version;
    ASSERT_TRUE(db.Get({}, "schema", &version).ok());
    EXPECT_EQ(version, "2");
  });
}

TEST(Store, RefusesANewerSchema) {
  StoreFolder folder;
  folder.MustOpen().reset();
  ChangeBelow(folder, [](rocksdb::DB& db, std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
    ASSERT_TRUE(db.Put({}, "schema", "3").ok());
    rocksdb::ColumnFamilyHandle* newer = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "newer", &newer).ok());
    handles.push_back(newer);
  });
  auto store = folder.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(store.status())) << store.status();
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("schema 3"));
}

}  // namespace
}  // namespace rnnfarm::store
