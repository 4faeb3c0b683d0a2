// What the store needs now and then, on a thread of its own beside the apply thread: artifacts that
// nothing refers to are removed, and backups are written. Failures are logged and tried again at
// the next turn.
#ifndef RNNFARM_COORDINATOR_SERVICE_UPKEEP_H_
#define RNNFARM_COORDINATOR_SERVICE_UPKEEP_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

class Upkeep {
 public:
  struct Options {
    // Artifacts that nothing refers to stay this long: longer than any worker computes on through
    // an outage before it reports what it uploaded.
    absl::Duration artifact_age = absl::Hours(7 * 24);
    absl::Duration collect_every = absl::Hours(1);
    // Folder for backups; empty: none are written.
    std::string backup;
    absl::Duration backup_every = absl::Hours(6);
  };
  static constexpr absl::Duration kShortestArtifactAge = absl::Hours(1);
  static constexpr absl::Duration kShortestBackupInterval = absl::Minutes(1);

  // INVALID_ARGUMENT naming the option.
  static absl::Status Check(const Options& options);

  // The first collection comes after `collect_every`, the first backup when the newest in the
  // folder is as old as `backup_every`: a coordinator that is often started again writes them too.
  Upkeep(store::Store& store, Options options);
  ~Upkeep() { Stop(); }
  // Ends a collection or backup under way, early. Idempotent.
  void Stop();

  // When the newest backup was written; InfinitePast before there is one. Thread-safe.
  absl::Time last_backup() const {
    const int64_t seconds = last_backup_seconds_;
    return seconds == kNever ? absl::InfinitePast() : absl::FromUnixSeconds(seconds);
  }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  void Run();
  void Collect();
  void Backup();
  // Looks at the folder.
  void NoteNewestBackup();

  store::Store& store_;
  const Options options_;
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> last_backup_seconds_ = kNever;
  std::mutex mutex_;  // of stopped_
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_UPKEEP_H_
