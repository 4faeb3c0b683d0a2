// Artifacts: chunk rows while they are uploaded, and a row of metadata once their digest was
// checked. Thread-safe; transfers of different digests run side by side.
#ifndef RNNFARM_COORDINATOR_STORE_ARTIFACT_ROWS_H_
#define RNNFARM_COORDINATOR_STORE_ARTIFACT_ROWS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/store/database.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

inline constexpr int64_t kMaxChunkRowBytes = int64_t{1} << 20;
// An artifact that is offered again counts as new from then on; its row is not written more often
// than this.
inline constexpr absl::Duration kRenewAfter = absl::Hours(1);

class ArtifactRows {
 public:
  ArtifactRows(Database& database, const Options& options)
      : database_(database), options_(options) {}

  absl::StatusOr<Store::UploadState> GetUpload(absl::string_view digest);
  absl::Status Append(absl::string_view digest, int64_t size_bytes, int64_t offset,
                      absl::string_view data);
  absl::StatusOr<v1::Artifact> Finish(absl::string_view digest, int64_t size_bytes);
  absl::StatusOr<v1::Artifact> Get(absl::string_view digest);
  absl::StatusOr<std::string> Read(absl::string_view digest, int64_t offset, int64_t max_bytes);
  absl::StatusOr<std::string> ReadWhole(absl::string_view digest);
  // The same without holding it in memory; its size.
  absl::StatusOr<int64_t> CheckWhole(absl::string_view digest);
  // Removes an artifact, or an unfinished upload, that is older than `before`; its bytes, if it
  // was not kept.
  absl::StatusOr<std::optional<int64_t>> RemoveOlder(absl::string_view digest, absl::Time before);
  // Counts the unfinished uploads anew, once the database was reopened.
  void Forget();

 private:
  static constexpr int kStripes = 64;
  struct Contents {
    int64_t length = 0;
    std::string digest;
  };

  // Uploads of one digest come one after the other.
  std::mutex& StripeOf(absl::string_view digest);
  absl::StatusOr<int64_t> Committed(const std::string& digest);
  // Of the contiguous rows from offset 0 on.
  absl::StatusOr<Contents> DigestRows(absl::string_view digest);
  absl::Status Remove(const std::string& digest);
  absl::StatusOr<v1::Artifact> Renewed(v1::Artifact artifact);
  absl::StatusOr<absl::Time> TimeOf(absl::string_view digest);
  // Calls `take` with each chunk from the row that holds `offset` on, until it returns false.
  absl::Status ForEachChunk(absl::string_view digest, int64_t offset,
                            const std::function<bool(int64_t, absl::string_view)>& take);

  Database& database_;
  const Options options_;
  std::array<std::mutex, kStripes> stripes_;
  std::mutex mutex_;  // guards committed_
  // Bytes there of uploads under way; counted from the rows when not known here.
  std::map<std::string, int64_t> committed_;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_ARTIFACT_ROWS_H_
