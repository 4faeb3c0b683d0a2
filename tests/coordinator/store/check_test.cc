// The check of a closed store, backups, and stores made from them.
#include "coordinator/store/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "base/digest.h"
#include "coordinator/store/backup.h"
#include "coordinator/store/database.h"
#include "coordinator/store/keys.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void Nothing(const CheckReport&) {}

Options OptionsOf(const std::string& path) {
  Options options;
  options.path = path;
  options.free_space_floor_bytes = 0;
  return options;
}

// A sweep of one network whose job has an artifact and two events, and an upload that goes on.
void Fill(Store& store) {
  const std::string bytes(2'500'000, 'b');
  ASSERT_TRUE(store.PutArtifact(bytes).ok());
  ASSERT_TRUE(store.AppendUpload(base::DigestOf("unfinished"), 10, 0, "unf").ok());
  Batch batch;
  batch.sweeps.emplace_back().set_name("sweeps/s");
  batch.configurations.emplace_back().set_sweep("sweeps/s");
  batch.configurations.back().set_key("c");
  batch.networks.emplace_back().set_name("sweeps/s/networks/n");
  batch.networks.back().set_configuration("c");
  batch.jobs = {MakeJob(1)};
  batch.jobs[0].set_configuration("c");
  batch.jobs[0].set_network("n");
  batch.jobs[0].set_event_count(2);
  (*batch.jobs[0].mutable_artifacts())["network"] = base::DigestOf(bytes);
  batch.events = {{batch.jobs[0].name(), 0, {}}, {batch.jobs[0].name(), 1, {}}};
  batch.answers = {{"SubmitSweep/x", "0"}};
  ASSERT_TRUE(store.Commit({batch}).ok());
}

CheckReport Check(const std::string& path) {
  auto report = CheckStore(OptionsOf(path), Nothing);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.value_or(CheckReport{});
}

TEST(StoreCheck, CountsASoundStore) {
  StoreFolder folder;
  Fill(*folder.MustOpen());
  const CheckReport report = Check(folder.path());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.records, 4);
  EXPECT_EQ(report.events, 2);
  EXPECT_EQ(report.answers, 1);
  EXPECT_EQ(report.artifacts, 1);
  EXPECT_EQ(report.artifact_bytes, 2'500'000);
  EXPECT_EQ(report.unfinished_uploads, 1);
}

TEST(StoreCheck, RefusesWhatIsHeldOrNotThere) {
  StoreFolder folder;
  EXPECT_TRUE(absl::IsNotFound(CheckStore(OptionsOf(folder.path()), Nothing).status()));
  EXPECT_TRUE(absl::IsNotFound(CheckStore(OptionsOf(folder.path() + "/x"), Nothing).status()));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/x")) << "a check makes nothing";
  auto store = folder.MustOpen();
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckStore(OptionsOf(folder.path()), Nothing).status()));
}

// One problem of each kind, all told at once.
TEST(StoreCheck, TellsEveryProblem) {
  StoreFolder folder;
  Fill(*folder.MustOpen());
  const std::string cut = base::DigestOf(std::string(2'500'000, 'b'));
  {
    auto database = Database::Open(OptionsOf(folder.path()));
    ASSERT_TRUE(database.ok());
    rocksdb::WriteBatch batch;
    auto* records = (*database)->records();
    batch.Delete((*database)->chunks(), ChunkKey(cut, 1 << 20));
    batch.Delete(records, ConfigurationKey("sweeps/s", "c"));
    batch.Delete(records, EventKey("sweeps/s/jobs/j1", 1));
    v1::Job job = MakeJob(7);
    (*job.mutable_artifacts())["states"] = base::DigestOf("absent");
    batch.Put(records, RecordKey(kJobPrefix, job.name()), job.SerializeAsString());
    batch.Put(records, RecordKey(kJobPrefix, "sweeps/s/jobs/other"), job.SerializeAsString());
    batch.Put(records, RecordKey(kJobPrefix, "sweeps/s/jobs/torn"), "\x0A\x7F");
    batch.Put(records, EventKey("sweeps/s/jobs/gone", 3), "");
    batch.Put(records, "5/short", "");
    batch.Put(records, "x", "");
    batch.Put((*database)->answers(), "SubmitSweep/y", "short");
    batch.Put((*database)->artifacts(), base::DigestOf("row"), "\x0A\x7F");
    ASSERT_TRUE((*database)->Write(&batch).ok());
  }
  const std::vector<std::string> problems = Check(folder.path()).problems;
  for (const std::string& expected :
       {"artifacts/" + cut + " ends at byte 1048576 of 2500000",
        std::string("networks/n belongs to sweeps/s/configurations/c, which is missing"),
        std::string("jobs/j1 belongs to sweeps/s/configurations/c, which is missing"),
        std::string("jobs/j1 has 1 of 2 events"),
        "jobs/j7 refers to artifacts/" + base::DigestOf("absent") + ", which is missing",
        std::string("jobs/other holds another one"), std::string("jobs/torn is damaged"),
        std::string("jobs/gone lacks the events from number 0"),
        std::string("jobs/gone has events, but is missing"), std::string("short is no event"),
        std::string("x is of no kind"), std::string("SubmitSweep/y is cut short"),
        "artifacts/" + base::DigestOf("row") + " is damaged"}) {
    EXPECT_THAT(problems, Contains(HasSubstr(expected)));
  }
  EXPECT_THAT(problems, SizeIs(13));
}

TEST(StoreCheck, TellsOfAttemptsThatADeletedSweepOfTheNameHadToo) {
  StoreFolder folder, backups, other;
  const std::string target = other.path() + "/restored";
  {
    auto store = folder.MustOpen();
    Fill(*store);
    Batch batch;
    batch.deleted_sweeps.emplace_back().set_name("sweeps/s");
    batch.deleted_sweeps[0].set_last_attempt(1);
    ASSERT_TRUE(store->Commit({batch}).ok());
    ASSERT_TRUE(store->Backup(backups.path()).ok());
  }
  EXPECT_THAT(Check(folder.path()).problems, IsEmpty());
  ASSERT_TRUE(RestoreBackup(backups.path(), OptionsOf(target)).ok());
  {
    auto store = Store::Open(OptionsOf(target));
    ASSERT_TRUE(store.ok());
    Fill(**store);  // its job is at attempt 1
  }
  EXPECT_THAT(Check(target).problems, IsEmpty());
  {
    auto database = Database::Open(OptionsOf(target));
    ASSERT_TRUE(database.ok());
    rocksdb::WriteBatch batch;
    v1::DeletedSweep deleted;
    deleted.set_name("sweeps/s");
    deleted.set_last_attempt(2);
    batch.Put((*database)->records(), RecordKey(kDeletedSweepPrefix, "sweeps/s"),
              deleted.SerializeAsString());
    ASSERT_TRUE((*database)->Write(&batch).ok());
  }
  EXPECT_THAT(Check(target).problems,
              ElementsAre(HasSubstr("sweeps/s has a job at attempt 1, but one of this name was "
                                    "deleted at attempt 2")));
}

TEST(StoreBackup, OfARunningStoreIsRestoredAndChecked) {
  StoreFolder folder, backups, other;
  const std::string target = other.path() + "/restored";
  {
    auto store = folder.MustOpen();
    Fill(*store);
    ASSERT_TRUE(store->Backup(backups.path()).ok());
    Batch later;
    later.sweeps.emplace_back().set_name("sweeps/later");
    ASSERT_TRUE(store->Commit({later}).ok());
    const absl::Status again = store->Backup(backups.path());
    ASSERT_TRUE(again.ok()) << again;
  }
  auto restored = RestoreBackup(backups.path(), OptionsOf(target));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->records, 5) << "the newest of two";
  EXPECT_EQ(Check(target).artifacts, 1);
  auto store = Store::Open(OptionsOf(target));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->FindAnswer("SubmitSweep/x").ok());
  EXPECT_TRUE((*store)->ReadWholeArtifact(base::DigestOf(std::string(2'500'000, 'b'))).ok());
}

TEST(StoreBackup, RestoresNothingOverAnything) {
  StoreFolder folder, backups, target;
  {
    auto store = folder.MustOpen();
    ASSERT_TRUE(store->Backup(backups.path()).ok());
  }
  std::ofstream(target.path() + "/precious") << "data";
  auto refused = RestoreBackup(backups.path(), OptionsOf(target.path()));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(target.path()));
  auto absent = RestoreBackup(backups.path() + "/absent", OptionsOf(target.path() + "/new"));
  EXPECT_TRUE(absl::IsNotFound(absent.status())) << absent.status();
}

// Whatever byte of the backup's data is wrong, no store is made from it.
TEST(StoreBackup, KeepsNothingOfADamagedBackup) {
  StoreFolder folder, backups, target;
  {
    auto store = folder.MustOpen();
    Fill(*store);
    ASSERT_TRUE(store->Backup(backups.path()).ok());
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(backups.path())) {
    if (!absl::StrContains(entry.path().string(), ".blob")) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('!');
  }
  auto refused = RestoreBackup(backups.path(), OptionsOf(target.path()));
  EXPECT_TRUE(absl::IsDataLoss(refused.status())) << refused.status();
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
}

}  // namespace
}  // namespace rnnfarm::store
