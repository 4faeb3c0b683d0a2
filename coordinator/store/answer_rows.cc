#include "coordinator/store/answer_rows.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {
namespace {

constexpr size_t kTimeBytes = 8;

absl::Status CutShort(absl::string_view request_id) {
  return absl::DataLossError(
      absl::StrCat("the stored answer to request ", request_id, " is cut short"));
}

}  // namespace

absl::Status AnswerRows::Load() {
  std::lock_guard lock(mutex_);
  by_age_.clear();
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.answers()));
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    if (row->value().size() < kTimeBytes) {
      return CutShort(AsView(row->key()));
    }
    by_age_.emplace_back(absl::FromUnixMicros(FromBigEndian(AsView(row->value()))),
                         row->key().ToString());
  }
  std::sort(by_age_.begin(), by_age_.end());
  return FromRocks(row->status(), "cannot read the stored answers");
}

absl::StatusOr<std::string> AnswerRows::Find(absl::string_view request_id) {
  std::string value;
  const rocksdb::Status status =
      database_.db().Get(rocksdb::ReadOptions(), database_.answers(), AsSlice(request_id), &value);
  if (status.IsNotFound()) {
    return absl::NotFoundError(absl::StrCat("request ", request_id, " was not answered before"));
  }
  if (!status.ok()) return FromRocks(status, "cannot read a stored answer");
  if (value.size() < kTimeBytes) return CutShort(request_id);
  return value.substr(kTimeBytes);
}

void AnswerRows::Put(rocksdb::WriteBatch& batch, absl::string_view request_id,
                     absl::string_view answer, absl::Time now) {
  std::lock_guard lock(mutex_);
  batch
      .Put(database_.answers(), AsSlice(request_id),
           absl::StrCat(BigEndian(absl::ToUnixMicros(now)), answer))
      .PermitUncheckedError();
  by_age_.emplace_back(now, request_id);
  while (by_age_.size() > kMaxAnswers || by_age_.front().first < now - kAnswerAge) {
    batch.Delete(database_.answers(), by_age_.front().second).PermitUncheckedError();
    by_age_.pop_front();
  }
}

}  // namespace rnnfarm::store
