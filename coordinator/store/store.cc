#include "coordinator/store/store.h"

#include <rocksdb/env.h>

#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "coordinator/store/answer_rows.h"
#include "coordinator/store/artifact_rows.h"
#include "coordinator/store/backup.h"
#include "coordinator/store/database.h"
#include "coordinator/store/directory_lock.h"
#include "coordinator/store/free_space.h"
#include "coordinator/store/garbage.h"
#include "coordinator/store/record_rows.h"
#include "coordinator/store/sync_folder.h"

namespace rnnfarm::store {
namespace {

class RocksStore : public Store {
 public:
  RocksStore(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<Database> database,
             const Options& options)
      : options_(options),
        lock_(std::move(lock)),
        database_(std::move(database)),
        records_(*database_),
        answers_(*database_),
        artifacts_(*database_, options) {}

  absl::Status LoadAnswers() { return answers_.Load(); }

  absl::Status Commit(const std::vector<Batch>& batches) override {
    return WhileOpen([&] { return WriteAll(batches); });
  }
  absl::Status Load(const Visitor& visitor) override {
    return WhileOpen([&] { return records_.Load(visitor); });
  }
  absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(absl::string_view job, int64_t first,
                                                       int count) override {
    return WhileOpen([&] { return records_.ReadEvents(job, first, count); });
  }
  absl::StatusOr<std::string> FindAnswer(absl::string_view request_id) override {
    return WhileOpen([&] { return answers_.Find(request_id); });
  }

  absl::StatusOr<UploadState> GetUpload(absl::string_view digest) override {
    return WhileOpen([&] { return artifacts_.GetUpload(digest); });
  }
  absl::Status AppendUpload(absl::string_view digest, int64_t size_bytes, int64_t offset,
                            absl::string_view data) override {
    return WhileOpen([&] { return artifacts_.Append(digest, size_bytes, offset, data); });
  }
  absl::StatusOr<v1::Artifact> FinishUpload(absl::string_view digest, int64_t size) override {
    return WhileOpen([&] { return artifacts_.Finish(digest, size); });
  }
  absl::StatusOr<v1::Artifact> GetArtifact(absl::string_view digest) override {
    return WhileOpen([&] { return artifacts_.Get(digest); });
  }
  absl::StatusOr<std::string> ReadArtifact(absl::string_view digest, int64_t offset,
                                           int64_t max_bytes) override {
    return WhileOpen([&] { return artifacts_.Read(digest, offset, max_bytes); });
  }
  absl::StatusOr<std::string> ReadWholeArtifact(absl::string_view digest) override {
    return WhileOpen([&] { return artifacts_.ReadWhole(digest); });
  }
  absl::StatusOr<v1::Artifact> PutArtifact(absl::string_view bytes) override;

  absl::Status CheckRoomForSubmission() override { return CheckRoomForRecords(options_); }
  absl::Status CheckWritable() override;
  absl::Status Reopen() override;
  absl::StatusOr<Garbage> CollectGarbage(absl::Time before, std::atomic<bool>* stop) override;
  absl::Status Backup(const std::string& folder, std::atomic<bool>* stop) override;

 private:
  // Keeps the database from being reopened while `use` runs; for what is short.
  template <typename Use>
  auto WhileOpen(const Use& use) -> decltype(use()) {
    std::shared_lock lock(reopening_);
    if (!database_->is_open()) return Full();
    return use();
  }
  absl::Status Full() const;
  absl::Status WriteAll(const std::vector<Batch>& batches);

  const Options options_;
  // Released last.
  std::unique_ptr<DirectoryLock> lock_;
  // Held through what takes long, so that Reopen need not wait for it.
  std::mutex long_work_;
  std::shared_mutex reopening_;
  std::unique_ptr<Database> database_;
  RecordRows records_;
  AnswerRows answers_;
  ArtifactRows artifacts_;
};

absl::Status RocksStore::WriteAll(const std::vector<Batch>& batches) {
  rocksdb::WriteBatch rows;
  const absl::Time now = options_.now();
  for (const Batch& batch : batches) {
    records_.Put(rows, batch);
    for (const auto& [request_id, answer] : batch.answers) {
      answers_.Put(rows, request_id, answer, now);
    }
  }
  if (rows.Count() == 0) return absl::OkStatus();
  return database_->Write(&rows);
}

absl::StatusOr<v1::Artifact> RocksStore::PutArtifact(absl::string_view bytes) {
  const std::string digest = base::DigestOf(bytes);
  const int64_t size = static_cast<int64_t>(bytes.size());
  for (int64_t offset = 0; offset < size; offset += kMaxChunkRowBytes) {
    auto status = AppendUpload(digest, size, offset, bytes.substr(offset, kMaxChunkRowBytes));
    if (!status.ok()) return status;
  }
  return FinishUpload(digest, size);
}

absl::Status RocksStore::Full() const {
  auto free = FreeBytes(options_);
  return absl::ResourceExhaustedError(absl::StrCat(
      "the disk of the store ", options_.path, " was full (", free.ok() ? *free : 0,
      " bytes are free now) and it can only be read; free some space, it writes again as soon as "
      "there is enough"));
}

absl::Status RocksStore::CheckWritable() {
  std::shared_lock lock(reopening_);
  return database_->is_open() && !database_->is_full() ? absl::OkStatus() : Full();
}

absl::Status RocksStore::Reopen() {
  if (auto status = CheckRoomToReopen(options_); !status.ok()) return status;
  std::unique_lock working(long_work_, std::try_to_lock);
  if (!working) return absl::UnavailableError("the store is being backed up or collected");
  std::unique_lock lock(reopening_);
  if (auto status = database_->Reopen(); !status.ok()) return status;
  artifacts_.Forget();
  return answers_.Load();
}

absl::StatusOr<Garbage> RocksStore::CollectGarbage(absl::Time before, std::atomic<bool>* stop) {
  std::lock_guard working(long_work_);
  if (auto status = CheckWritable(); !status.ok()) return status;
  auto digests = FindGarbage(*database_, before);
  if (!digests.ok()) return digests.status();
  Garbage removed;
  for (const std::string& digest : *digests) {
    if (stop != nullptr && *stop) return removed;
    auto bytes = artifacts_.RemoveOlder(digest, before);
    if (!bytes.ok()) return bytes.status();
    removed.artifacts += bytes->has_value();
    removed.bytes += bytes->value_or(0);
  }
  if (removed.artifacts == 0) return removed;
  if (auto status = ReclaimSpace(*database_, options_, stop); !status.ok()) return status;
  return removed;
}

absl::Status RocksStore::Backup(const std::string& folder, std::atomic<bool>* stop) {
  std::lock_guard working(long_work_);
  if (auto status = CheckWritable(); !status.ok()) return status;
  return WriteBackup(*database_, folder, stop);
}

}  // namespace

bool Batch::empty() const {
  return deleted_sweeps.empty() && sweeps.empty() && configurations.empty() && networks.empty() &&
         jobs.empty() && workers.empty() && events.empty() && answers.empty();
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  auto lock = DirectoryLock::Take(options.path);
  if (!lock.ok()) return lock.status();
  rocksdb::Env& env = EnvOf(options);
  // RocksDB would make it too, but logs an error first.
  if (auto made = env.CreateDirIfMissing(DatabasePath(options)); !made.ok()) {
    return FromRocks(made, absl::StrCat("cannot make ", DatabasePath(options)));
  }
  auto database = Database::Open(options);
  if (!database.ok()) return database.status();
  if (auto status = SyncFolder(env, options.path); !status.ok()) return status;
  auto store = std::make_unique<RocksStore>(*std::move(lock), *std::move(database), options);
  if (auto status = store->LoadAnswers(); !status.ok()) return status;
  return store;
}

}  // namespace rnnfarm::store
