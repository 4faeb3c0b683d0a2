// Whether records parse and belong together. Part of CheckStore. Thread-compatible.
#ifndef RNNFARM_COORDINATOR_STORE_RECORD_CHECK_H_
#define RNNFARM_COORDINATOR_STORE_RECORD_CHECK_H_

#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "coordinator/store/check.h"

namespace rnnfarm::store {

class RecordCheck {
 public:
  // `find_artifact` answers OK for the digest of an artifact that is there.
  RecordCheck(CheckReport& report,
              std::function<absl::Status(absl::string_view digest)> find_artifact)
      : report_(report), find_artifact_(std::move(find_artifact)) {}

  // Each row of the family `records`, in order of keys.
  void Take(absl::string_view key, absl::string_view value);
  // After the last one.
  void Finish();

 private:
  template <typename Message>
  void TakeRecord(absl::string_view key, absl::string_view value);
  void Look(const v1::Sweep& sweep);
  void Look(const v1::Configuration& configuration);
  void Look(const v1::Network& network);
  void Look(const v1::Job& job);
  void Look(const v1::Worker&) {}
  void Look(const v1::DeletedSweep& deleted);
  void TakeEvent(absl::string_view key, absl::string_view value);
  void Problem(absl::string_view record, absl::string_view what);
  // That `record` belongs to `other`, which is there.
  void Needs(absl::string_view record, const std::string& other);
  void NeedsArtifact(absl::string_view record, absl::string_view digest);

  CheckReport& report_;
  const std::function<absl::Status(absl::string_view)> find_artifact_;
  std::set<std::string> names_;                     // of sweeps, configurations and networks
  std::map<std::string, uint64_t> least_attempts_;  // of the jobs of each sweep
  std::map<std::string, int64_t> expected_;         // events of each job
  std::map<std::string, int64_t> events_;           // of each job, counted
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_RECORD_CHECK_H_
