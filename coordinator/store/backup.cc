#include "coordinator/store/backup.h"

#include <rocksdb/utilities/backup_engine.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "coordinator/store/rocks_log.h"
#include "coordinator/store/sync_folder.h"

namespace rnnfarm::store {
namespace {

namespace fs = std::filesystem;

// In the store's folder until it is whole.
constexpr char kRestoring[] = "restoring";

absl::Status CheckEmpty(const std::string& path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot look into ", path, ": ", error.message()));
  }
  if (!there || (fs::is_directory(path, error) && fs::is_empty(path, error) && !error)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path,
                   " is not an empty folder; a store is restored only where nothing lies, "
                   "move away what is there or give another folder"));
}

absl::Status CheckThere(const std::string& folder) {
  std::error_code error;
  const bool there = fs::exists(folder, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot look for backups in ", folder, ": ", error.message()));
  }
  if (!there) return absl::NotFoundError(absl::StrCat("there is no folder ", folder));
  return absl::OkStatus();
}

// The backups of a folder, of which at least one is whole.
struct Backups {
  std::shared_ptr<rocksdb::Logger> log = RocksLog();
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine;
  rocksdb::BackupInfo newest;
};

absl::StatusOr<Backups> OpenBackups(const std::string& folder) {
  // RocksDB would make it.
  if (auto status = CheckThere(folder); !status.ok()) return status;
  Backups backups;
  rocksdb::BackupEngineOptions options(folder);
  options.info_log = backups.log.get();
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngineReadOnly::Open(rocksdb::Env::Default(), options, &opened);
  if (!status.ok()) return FromRocks(status, absl::StrCat("cannot read the backups in ", folder));
  backups.engine.reset(opened);
  if (!backups.engine->GetLatestBackupInfo(&backups.newest).ok()) {
    return absl::NotFoundError(absl::StrCat(folder, " holds no backup that is whole"));
  }
  return backups;
}

// The files of the newest backup as a database under `path`.
absl::Status CopyNewest(const std::string& folder, const std::string& path) {
  auto backups = OpenBackups(folder);
  if (!backups.ok()) return backups.status();
  const rocksdb::BackupID id = backups->newest.backup_id;
  return FromRocks(backups->engine->RestoreDBFromBackup(id, path, path),
                   absl::StrCat("cannot restore backup ", id, " of ", folder));
}

absl::StatusOr<CheckReport> RestoreInto(const std::string& folder, const Options& options) {
  if (auto status = CopyNewest(folder, DatabasePath(options)); !status.ok()) return status;
  auto report = CheckStore(options, [](const CheckReport&) {});
  if (!report.ok() || report->problems.empty()) return report;
  return absl::DataLossError(absl::StrCat("the backup in ", folder,
                                          " is damaged: ", report->problems.front(), " (",
                                          report->problems.size(), " in all)"));
}

}  // namespace

absl::Status WriteBackup(Database& database, const std::string& folder, std::atomic<bool>* stop) {
  std::error_code error;
  fs::create_directories(folder, error);
  const auto log = RocksLog();
  rocksdb::BackupEngineOptions options(folder);
  options.info_log = log.get();
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(rocksdb::Env::Default(), options, &opened);
  const std::string doing = absl::StrCat("cannot write a backup to ", folder);
  if (!status.ok()) return FromRocks(status, doing);
  std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  rocksdb::CreateBackupOptions how;
  how.flush_before_backup = true;
  how.progress_callback = [&] {
    if (stop != nullptr && *stop) engine->StopBackup();
  };
  rocksdb::BackupID id = 0;
  status = engine->CreateNewBackup(how, &database.db(), &id);
  if (status.IsIncomplete()) return absl::CancelledError(absl::StrCat(doing, ": stopped"));
  if (status.ok()) status = engine->VerifyBackup(id, /*verify_with_checksum=*/true);
  if (status.ok()) status = engine->PurgeOldBackups(kBackupsKept);
  return FromRocks(status, doing);
}

absl::StatusOr<absl::Time> TimeOfNewestBackup(const std::string& folder) {
  const auto backups = OpenBackups(folder);
  if (!backups.ok()) return backups.status();
  return absl::FromUnixSeconds(backups->newest.timestamp);
}

absl::StatusOr<CheckReport> RestoreBackup(const std::string& folder, const Options& options) {
  if (auto status = CheckEmpty(options.path); !status.ok()) return status;
  if (auto status = CheckThere(folder); !status.ok()) return status;
  Options partial = options;
  partial.path = absl::StrCat(options.path, "/", kRestoring);
  std::error_code error;
  fs::create_directories(partial.path, error);
  auto report = RestoreInto(folder, partial);
  if (report.ok()) fs::rename(DatabasePath(partial), DatabasePath(options), error);
  if (!error) fs::remove_all(partial.path, error);
  if (!report.ok()) return report;
  if (error) {
    return absl::InternalError(absl::StrCat("cannot make ", options.path, ": ", error.message()));
  }
  if (auto synced = SyncFolder(EnvOf(options), options.path); !synced.ok()) return synced;
  return report;
}

}  // namespace rnnfarm::store
