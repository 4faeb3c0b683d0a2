#include "coordinator/store/record_rows.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {

// Ranges of keys, so that a sweep of a million jobs goes in one small batch with its logs.
void RecordRows::Delete(rocksdb::WriteBatch& batch, const v1::DeletedSweep& deleted) {
  constexpr char kBehindSlash = '/' + 1;
  const std::string& name = deleted.name();
  batch.Delete(database_.records(), RecordKey(kSweepPrefix, name)).PermitUncheckedError();
  for (const char prefix : {kConfigurationPrefix, kNetworkPrefix, kJobPrefix, kEventPrefix}) {
    batch
        .DeleteRange(database_.records(), RecordKey(prefix, name + "/"),
                     RecordKey(prefix, name + kBehindSlash))
        .PermitUncheckedError();
  }
  batch.Put(database_.records(), RecordKey(kDeletedSweepPrefix, name), deleted.SerializeAsString())
      .PermitUncheckedError();
}

void RecordRows::Put(rocksdb::WriteBatch& batch, const Batch& from) {
  auto put = [&](const std::string& key, const google::protobuf::MessageLite& message) {
    batch.Put(database_.records(), key, message.SerializeAsString()).PermitUncheckedError();
  };
  for (const auto& deleted : from.deleted_sweeps) Delete(batch, deleted);
  for (const auto& sweep : from.sweeps) put(RecordKey(kSweepPrefix, sweep.name()), sweep);
  for (const auto& configuration : from.configurations) {
    put(ConfigurationKey(configuration.sweep(), configuration.key()), configuration);
  }
  for (const auto& network : from.networks) {
    put(RecordKey(kNetworkPrefix, network.name()), network);
  }
  for (const auto& job : from.jobs) put(RecordKey(kJobPrefix, job.name()), job);
  for (const auto& worker : from.workers) {
    const std::string key = RecordKey(kWorkerPrefix, worker.name());
    if (worker.state() == v1::WORKER_STATE_DRAINING) {
      put(key, worker);
    } else {
      batch.Delete(database_.records(), key).PermitUncheckedError();
    }
  }
  for (const auto& row : from.events) put(EventKey(row.job, row.number), row.event);
}

template <typename Message>
absl::Status RecordRows::LoadKind(char prefix, const std::function<void(Message)>& take) {
  const std::string start = RecordKey(prefix, "");
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.records()));
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

absl::Status RecordRows::Load(const Store::Visitor& visitor) {
  if (auto status = LoadKind<v1::Sweep>(kSweepPrefix, visitor.sweep); !status.ok()) return status;
  if (auto status = LoadKind<v1::Configuration>(kConfigurationPrefix, visitor.configuration);
      !status.ok()) {
    return status;
  }
  if (auto status = LoadKind<v1::Network>(kNetworkPrefix, visitor.network); !status.ok()) {
    return status;
  }
  if (auto status = LoadKind<v1::Job>(kJobPrefix, visitor.job); !status.ok()) return status;
  if (auto status = LoadKind<v1::Worker>(kWorkerPrefix, visitor.worker); !status.ok()) {
    return status;
  }
  return LoadKind<v1::DeletedSweep>(kDeletedSweepPrefix, visitor.deleted_sweep);
}

absl::StatusOr<std::vector<v1::JobEvent>> RecordRows::ReadEvents(absl::string_view job,
                                                                 int64_t first, int count) {
  const std::string prefix = EventPrefix(job);
  std::vector<v1::JobEvent> events;
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.records()));
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

}  // namespace rnnfarm::store
