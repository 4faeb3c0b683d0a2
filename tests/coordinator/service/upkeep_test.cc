#include "coordinator/service/upkeep.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "coordinator/store/backup.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::service {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

Upkeep::Options Backups(const std::string& folder, absl::Duration every) {
  Upkeep::Options options;
  options.backup = folder;
  options.backup_every = every;
  return options;
}

// InfinitePast if none later than `than` comes.
absl::Time BackupAfter(const Upkeep& upkeep, absl::Time than) {
  for (const absl::Time begin = absl::Now(); absl::Now() - begin < kLong;) {
    if (upkeep.last_backup() > than) return upkeep.last_backup();
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::InfinitePast();
}

TEST(Upkeep, WritesABackupAtOnceThenWhenTheNewestIsOldEvenIfItBeginsAgain) {
  store::StoreFolder folder, backups;
  auto store = folder.MustOpen();
  const absl::Time begin = absl::Now();
  absl::Time first;
  {
    const Upkeep upkeep(*store, Backups(backups.path() + "/new", absl::Hours(6)));
    first = BackupAfter(upkeep, absl::InfinitePast());
  }
  ASSERT_GE(first, begin - absl::Seconds(1)) << "it is told to the second";
  EXPECT_EQ(*store::TimeOfNewestBackup(backups.path() + "/new"), first);
  absl::SleepFor(absl::Milliseconds(1200));  // a second one would have another time
  {
    const Upkeep upkeep(*store, Backups(backups.path() + "/new", absl::Hours(6)));
    EXPECT_EQ(BackupAfter(upkeep, absl::InfinitePast()), first) << "it knows of the one before";
    absl::SleepFor(absl::Milliseconds(500));
    EXPECT_EQ(*store::TimeOfNewestBackup(backups.path() + "/new"), first);
    EXPECT_EQ(upkeep.last_backup(), first) << "which is not old yet";
  }
  const Upkeep upkeep(*store, Backups(backups.path() + "/new", absl::Seconds(1)));
  EXPECT_GT(BackupAfter(upkeep, first), first);
}

TEST(Upkeep, WithoutAFolderThereAreNoBackups) {
  store::StoreFolder folder;
  auto store = folder.MustOpen();
  const Upkeep upkeep(*store, Upkeep::Options());
  EXPECT_EQ(upkeep.last_backup(), absl::InfinitePast());
}

TEST(Upkeep, NamesAnOptionThatMakesNoSense) {
  EXPECT_TRUE(Upkeep::Check(Upkeep::Options()).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Upkeep::Check(Backups("b", absl::Seconds(59)))));
  Upkeep::Options young;
  young.artifact_age = absl::Minutes(59);
  EXPECT_TRUE(absl::IsInvalidArgument(Upkeep::Check(young)));
}

}  // namespace
}  // namespace rnnfarm::service
