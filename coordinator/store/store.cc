#include "coordinator/store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/digest.h"
#include "coordinator/store/answer_rows.h"
#include "coordinator/store/artifact_rows.h"
#include "coordinator/store/database.h"
#include "coordinator/store/directory_lock.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {
namespace {

class RocksStore : public Store {
 public:
  RocksStore(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<Database> database,
             const Options& options)
      : lock_(std::move(lock)),
        database_(std::move(database)),
        answers_(*database_),
        artifacts_(*database_, options) {}

  absl::Status LoadAnswers() { return answers_.Load(); }

  absl::Status Commit(const std::vector<Batch>& batches) override;
  absl::Status Load(const Visitor& visitor) override;
  absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(absl::string_view job, int64_t first,
                                                       int count) override;
  absl::StatusOr<std::string> FindAnswer(absl::string_view request_id) override {
    return answers_.Find(request_id);
  }

  absl::StatusOr<UploadState> GetUpload(absl::string_view digest) override {
    return artifacts_.GetUpload(digest);
  }
  absl::Status AppendUpload(absl::string_view digest, int64_t size_bytes, int64_t offset,
                            absl::string_view data) override {
    return artifacts_.Append(digest, size_bytes, offset, data);
  }
  absl::StatusOr<v1::Artifact> FinishUpload(absl::string_view digest, int64_t size) override {
    return artifacts_.Finish(digest, size);
  }
  absl::StatusOr<v1::Artifact> GetArtifact(absl::string_view digest) override {
    return artifacts_.Get(digest);
  }
  absl::StatusOr<std::string> ReadArtifact(absl::string_view digest, int64_t offset,
                                           int64_t max_bytes) override {
    return artifacts_.Read(digest, offset, max_bytes);
  }
  absl::StatusOr<std::string> ReadWholeArtifact(absl::string_view digest) override {
    return artifacts_.ReadWhole(digest);
  }
  absl::StatusOr<v1::Artifact> PutArtifact(absl::string_view bytes) override;

 private:
  void AddRecords(rocksdb::WriteBatch& rows, const Batch& batch);
  template <typename Message>
  absl::Status LoadKind(char prefix, const std::function<void(Message)>& take);

  // Released last.
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<Database> database_;
  AnswerRows answers_;
  ArtifactRows artifacts_;
};

void RocksStore::AddRecords(rocksdb::WriteBatch& rows, const Batch& batch) {
  auto put = [&](const std::string& key, const google::protobuf::MessageLite& message) {
    rows.Put(database_->records(), key, message.SerializeAsString()).PermitUncheckedError();
  };
  for (const auto& sweep : batch.sweeps) put(RecordKey(kSweepPrefix, sweep.name()), sweep);
  for (const auto& configuration : batch.configurations) {
    put(ConfigurationKey(configuration.sweep(), configuration.key()), configuration);
  }
  for (const auto& network : batch.networks) {
    put(RecordKey(kNetworkPrefix, network.name()), network);
  }
  for (const auto& job : batch.jobs) put(RecordKey(kJobPrefix, job.name()), job);
  for (const auto& row : batch.events) put(EventKey(row.job, row.number), row.event);
}

absl::Status RocksStore::Commit(const std::vector<Batch>& batches) {
  rocksdb::WriteBatch rows;
  const absl::Time now = absl::Now();
  for (const Batch& batch : batches) {
    AddRecords(rows, batch);
    for (const auto& [request_id, answer] : batch.answers) {
      answers_.Put(rows, request_id, answer, now);
    }
  }
  if (rows.Count() == 0) return absl::OkStatus();
  return database_->Write(&rows);
}

template <typename Message>
absl::Status RocksStore::LoadKind(char prefix, const std::function<void(Message)>& take) {
  const std::string start = RecordKey(prefix, "");
  std::unique_ptr<rocksdb::Iterator> row(
      database_->db().NewIterator(rocksdb::ReadOptions(), database_->records()));
  for (row->Seek(start); row->Valid() && row->key().starts_with(start); row->Next()) {
    Message message;
    if (!message.ParseFromArray(row->value().data(), static_cast<int>(row->value().size()))) {
      return absl::DataLossError(
          absl::StrCat("the record ", row->key().ToString().substr(start.size()), " is damaged"));
    }
    take(std::move(message));
  }
  return FromRocks(row->status(), "cannot read the records");
}

absl::Status RocksStore::Load(const Visitor& visitor) {
  if (auto status = LoadKind<v1::Sweep>(kSweepPrefix, visitor.sweep); !status.ok()) return status;
  if (auto status = LoadKind<v1::Configuration>(kConfigurationPrefix, visitor.configuration);
      !status.ok()) {
    return status;
  }
  if (auto status = LoadKind<v1::Network>(kNetworkPrefix, visitor.network); !status.ok()) {
    return status;
  }
  return LoadKind<v1::Job>(kJobPrefix, visitor.job);
}

absl::StatusOr<std::vector<v1::JobEvent>> RocksStore::ReadEvents(absl::string_view job,
                                                                 int64_t first, int count) {
  const std::string prefix = EventPrefix(job);
  std::vector<v1::JobEvent> events;
  std::unique_ptr<rocksdb::Iterator> row(
      database_->db().NewIterator(rocksdb::ReadOptions(), database_->records()));
  for (row->Seek(EventKey(job, first));
       row->Valid() && row->key().starts_with(prefix) && static_cast<int>(events.size()) < count;
       row->Next()) {
    v1::JobEvent event;
    if (!event.ParseFromArray(row->value().data(), static_cast<int>(row->value().size()))) {
      return absl::DataLossError(absl::StrCat("an event of ", job, " is damaged"));
    }
    events.push_back(std::move(event));
  }
  if (auto status = FromRocks(row->status(), "cannot read a job's events"); !status.ok()) {
    return status;
  }
  return events;
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

// Otherwise a power cut may take a new folder's name, and with it all that was synced inside.
absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  const int why = errno;
  if (folder >= 0) close(folder);
  if (synced) return absl::OkStatus();
  return absl::ErrnoToStatus(why, absl::StrCat("cannot sync the store's folder ", path));
}

}  // namespace

bool Batch::empty() const {
  return sweeps.empty() && configurations.empty() && networks.empty() && jobs.empty() &&
         events.empty() && answers.empty();
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  auto lock = DirectoryLock::Take(options.path);
  if (!lock.ok()) return lock.status();
  const std::string path = options.path + "/db";
  std::error_code error;
  // RocksDB would make it too, but logs an error first.
  std::filesystem::create_directory(path, error);
  auto database = Database::Open(path);
  if (!database.ok()) return database.status();
  if (auto status = SyncFolder(options.path); !status.ok()) return status;
  auto store = std::make_unique<RocksStore>(*std::move(lock), *std::move(database), options);
  if (auto status = store->LoadAnswers(); !status.ok()) return status;
  return store;
}

}  // namespace rnnfarm::store
