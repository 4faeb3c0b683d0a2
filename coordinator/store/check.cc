#include "coordinator/store/check.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "coordinator/store/artifact_rows.h"
#include "coordinator/store/database.h"
#include "coordinator/store/directory_lock.h"
#include "coordinator/store/keys.h"
#include "coordinator/store/record_check.h"

namespace rnnfarm::store {
namespace {

using Take = std::function<void(absl::string_view key, absl::string_view value)>;
using Progress = std::function<void(const CheckReport&)>;

class Check {
 public:
  Check(Database& database, const Options& options, const Progress& progress)
      : database_(database), artifacts_(database, options), progress_(progress) {}

  CheckReport Run() {
    // Tables and logs; blob files are read with the artifacts.
    Note(FromRocks(database_.db().VerifyChecksum(), "a table is damaged"));
    CheckArtifacts();
    CheckUploads();
    CheckAnswers();
    CheckRecords();
    return std::move(report_);
  }

 private:
  void Note(const absl::Status& status) {
    if (!status.ok()) report_.problems.emplace_back(status.message());
  }
  void Scan(rocksdb::ColumnFamilyHandle* family, const Take& take);
  void CheckArtifacts();
  void CheckUploads();
  void CheckAnswers();
  void CheckRecords();

  Database& database_;
  ArtifactRows artifacts_;
  const Progress& progress_;
  CheckReport report_;
};

void Check::Scan(rocksdb::ColumnFamilyHandle* family, const Take& take) {
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), family));
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    take(AsView(row->key()), AsView(row->value()));
  }
  Note(FromRocks(row->status(), absl::StrCat("cannot read all ", family->GetName())));
}

void Check::CheckArtifacts() {
  Scan(database_.artifacts(), [this](absl::string_view key, absl::string_view) {
    ++report_.artifacts;
    auto bytes = artifacts_.CheckWhole(key);
    Note(bytes.status());
    if (bytes.ok()) report_.artifact_bytes += *bytes;
    progress_(report_);
  });
}

void Check::CheckUploads() {
  Scan(database_.notes(), [this](absl::string_view key, absl::string_view) {
    if (absl::ConsumePrefix(&key, kUploadPrefix)) {
      ++report_.unfinished_uploads;
      Note(artifacts_.GetUpload(key).status());
    }
  });
}

void Check::CheckAnswers() {
  Scan(database_.answers(), [this](absl::string_view key, absl::string_view value) {
    ++report_.answers;
    // A time, and one byte for the kind of the answer.
    if (value.size() > sizeof(int64_t)) return;
    Note(absl::DataLossError(absl::StrCat("the stored answer to request ", key, " is cut short")));
  });
}

void Check::CheckRecords() {
  RecordCheck records(report_,
                      [this](absl::string_view digest) { return artifacts_.Get(digest).status(); });
  Scan(database_.records(),
       [&](absl::string_view key, absl::string_view value) { records.Take(key, value); });
  records.Finish();
}

}  // namespace

bool HasStore(const Options& options) {
  return EnvOf(options).FileExists(DatabasePath(options)).ok();
}

absl::StatusOr<CheckReport> CheckStore(const Options& options, const Progress& progress) {
  if (!HasStore(options)) {
    return absl::NotFoundError(absl::StrCat("there is no store in ", options.path));
  }
  auto lock = DirectoryLock::Take(options.path);
  if (!lock.ok()) return lock.status();
  auto database = Database::Open(options, Database::Mode::kReadOnly);
  if (absl::IsDataLoss(database.status())) {
    CheckReport report;
    report.problems.emplace_back(database.status().message());
    return report;
  }
  if (!database.ok()) return database.status();
  return Check(**database, options, progress).Run();
}

}  // namespace rnnfarm::store
