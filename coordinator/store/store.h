// The coordinator's memory on disk: RocksDB with records, answered requests and artifacts.
// docs/storage.md describes the format. Thread-safe unless stated.
#ifndef RNNFARM_COORDINATOR_STORE_STORE_H_
#define RNNFARM_COORDINATOR_STORE_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rnnfarm/v1/population.pb.h"

namespace rocksdb {
class Env;
}

namespace rnnfarm::store {

struct Options {
  std::string path;
  // Uploads are refused below this much free space, submissions below a quarter of it
  // (RESOURCE_EXHAUSTED).
  int64_t free_space_floor_bytes = int64_t{256} << 20;
  // What a column family gathers in memory before it becomes a file; little in tests, so that rare
  // paths run in each of them.
  int64_t write_buffer_bytes = int64_t{64} << 20;
  std::function<absl::Time()> now = absl::Now;
  // What RocksDB's files are read and written through, where not the machine's own disk: a disk of
  // a test that loses power. Not owned.
  rocksdb::Env* env = nullptr;
};

// One line of a job's log.
struct JobEventRow {
  std::string job;     // sweeps/{sweep}/jobs/{job}
  int64_t number = 0;  // from 0, without a gap
  v1::JobEvent event;
};

// Everything one event changes, committed whole or not at all.
struct Batch {
  // Everything that belongs to a sweep of this name goes, and the record stays in its place. Comes
  // before all that follows.
  std::vector<v1::DeletedSweep> deleted_sweeps;
  std::vector<v1::Sweep> sweeps;
  std::vector<v1::Configuration> configurations;
  std::vector<v1::Network> networks;
  std::vector<v1::Job> jobs;
  // Those that are asked to drain, DRAINING; the record of one in another state is deleted.
  std::vector<v1::Worker> workers;
  std::vector<JobEventRow> events;
  // request_id to serialised response, answered again when the request is repeated.
  std::vector<std::pair<std::string, std::string>> answers;
  bool empty() const;
};

// What was removed.
struct Garbage {
  int64_t artifacts = 0;  // and unfinished uploads
  int64_t bytes = 0;
};

// What is known of the farm, and what was answered.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // Durable when it returns.
  virtual absl::Status Commit(const std::vector<Batch>& batches) = 0;
  // Streams every record in the order sweeps, configurations, networks, jobs, workers, deleted
  // sweeps, each in key order.
  struct Visitor {
    std::function<void(v1::Sweep)> sweep;
    std::function<void(v1::Configuration)> configuration;
    std::function<void(v1::Network)> network;
    std::function<void(v1::Job)> job;
    std::function<void(v1::Worker)> worker = [](const v1::Worker&) {};
    std::function<void(v1::DeletedSweep)> deleted_sweep = [](const v1::DeletedSweep&) {};
  };
  virtual absl::Status Load(const Visitor& visitor) = 0;
  // NOT_FOUND if the request was not answered before.
  virtual absl::StatusOr<std::string> FindAnswer(absl::string_view request_id) = 0;

  // RESOURCE_EXHAUSTED while the store is read-only.
  virtual absl::Status CheckWritable() = 0;
  // Ends being read-only: readers wait meanwhile. A write that had failed may be there afterwards.
  // RESOURCE_EXHAUSTED while the disk has no room, UNAVAILABLE while a backup or a collection runs;
  // to be tried again then.
  virtual absl::Status Reopen() = 0;
};

// Reads and writes go on side by side. A write that finds the disk full makes the store read-only:
// this and every later one is RESOURCE_EXHAUSTED, with nothing of it acknowledged, until Reopen.
class Store : public RecordStore {
 public:
  // FAILED_PRECONDITION with the path and the holder's process id if another process has it open;
  // DATA_LOSS naming what is corrupt.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options);

  // Lines of the job's log from number `first` on, at most `count`; fewer at its end.
  virtual absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(absl::string_view job, int64_t first,
                                                               int count) = 0;

  // Artifacts.
  struct UploadState {
    int64_t committed_bytes = 0;
    bool complete = false;
  };
  virtual absl::StatusOr<UploadState> GetUpload(absl::string_view digest) = 0;
  // Appends at `offset`, which must be at most committed_bytes (what is there already is skipped).
  virtual absl::Status AppendUpload(absl::string_view digest, int64_t size_bytes, int64_t offset,
                                    absl::string_view data) = 0;
  // Checks size and digest and publishes, durably; DATA_LOSS and nothing kept if they do not match.
  virtual absl::StatusOr<v1::Artifact> FinishUpload(absl::string_view digest,
                                                    int64_t size_bytes) = 0;
  virtual absl::StatusOr<v1::Artifact> GetArtifact(absl::string_view digest) = 0;
  virtual absl::StatusOr<std::string> ReadArtifact(absl::string_view digest, int64_t offset,
                                                   int64_t max_bytes) = 0;
  // The whole, its digest checked (DATA_LOSS).
  virtual absl::StatusOr<std::string> ReadWholeArtifact(absl::string_view digest) = 0;
  // For artifacts made in this process.
  virtual absl::StatusOr<v1::Artifact> PutArtifact(absl::string_view bytes) = 0;

  // Whether there is room for a whole new sweep: OK or RESOURCE_EXHAUSTED.
  virtual absl::Status CheckRoomForSubmission() = 0;

  // Removes artifacts that are older than `before` and that no record refers to, and uploads that
  // did not go on since. An artifact that is uploaded again, or asked for by GetUpload, is new
  // again. Both of these end early, CANCELLED or with what was done, when `*stop` becomes true.
  virtual absl::StatusOr<Garbage> CollectGarbage(absl::Time before,
                                                 std::atomic<bool>* stop = nullptr) = 0;
  // Adds a backup to `folder` and reads it back; backup.h.
  virtual absl::Status Backup(const std::string& folder, std::atomic<bool>* stop = nullptr) = 0;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_STORE_H_
