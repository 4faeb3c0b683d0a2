#include "coordinator/service/upkeep.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/store/backup.h"

namespace rnnfarm::service {

absl::Status Upkeep::Check(const Options& options) {
  if (options.artifact_age < kShortestArtifactAge) {
    return absl::InvalidArgumentError(absl::StrCat(
        "artifact_age: ", absl::FormatDuration(options.artifact_age), " is shorter than ",
        absl::FormatDuration(kShortestArtifactAge),
        "; files of workers that are yet to report would be removed; 168h suits most farms"));
  }
  if (!options.backup.empty() && options.backup_every < kShortestBackupInterval) {
    return absl::InvalidArgumentError(
        absl::StrCat("backup_every: ", absl::FormatDuration(options.backup_every),
                     " is shorter than ", absl::FormatDuration(kShortestBackupInterval)));
  }
  return absl::OkStatus();
}

Upkeep::Upkeep(store::Store& store, Options options)
    : store_(store), options_(std::move(options)), thread_([this] { Run(); }) {}

void Upkeep::Stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    stopped_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Upkeep::Run() {
  absl::Time collect = absl::Now() + options_.collect_every;
  absl::Time backup = absl::InfiniteFuture();
  if (!options_.backup.empty()) {
    NoteNewestBackup();
    // One that was written by a clock of the future postpones none.
    backup = std::min(last_backup(), absl::Now()) + options_.backup_every;
  }
  std::unique_lock lock(mutex_);
  while (!stop_) {
    stopped_.wait_until(lock, absl::ToChronoTime(std::min(collect, backup)));
    lock.unlock();
    if (!stop_ && absl::Now() >= collect) {
      Collect();
      collect = absl::Now() + options_.collect_every;
    }
    if (!stop_ && absl::Now() >= backup) {
      Backup();
      backup = absl::Now() + options_.backup_every;
    }
    lock.lock();
  }
}

void Upkeep::Collect() {
  auto removed = store_.CollectGarbage(absl::Now() - options_.artifact_age, &stop_);
  if (!removed.ok()) {
    LOG(ERROR) << "cannot remove old artifacts: " << removed.status();
  } else if (removed->artifacts > 0) {
    LOG(INFO) << "removed " << removed->artifacts << " artifacts of " << removed->bytes
              << " bytes that nothing refers to";
  }
}

void Upkeep::Backup() {
  const absl::Status status = store_.Backup(options_.backup, &stop_);
  if (status.ok()) {
    NoteNewestBackup();
    LOG(INFO) << "wrote a backup to " << options_.backup;
  } else if (!absl::IsCancelled(status)) {
    LOG(ERROR) << status;
  }
}

void Upkeep::NoteNewestBackup() {
  const absl::StatusOr<absl::Time> newest = store::TimeOfNewestBackup(options_.backup);
  if (newest.ok()) {
    last_backup_seconds_ = absl::ToUnixSeconds(*newest);
  } else if (!absl::IsNotFound(newest.status())) {
    LOG(ERROR) << newest.status();
  }
}

}  // namespace rnnfarm::service
