// One run of everything that a store is asked to do durably, and what must be found after it was
// cut off at any point.
#ifndef RNNFARM_TESTS_COORDINATOR_STORE_SCRIPTED_RUN_H_
#define RNNFARM_TESTS_COORDINATOR_STORE_SCRIPTED_RUN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

class ScriptedRun {
 public:
  // `clock` counts operations of the disk: an effect that was acknowledged when it stood at n must
  // survive a loss of power before operation n or any later one. A round is some 100 operations.
  ScriptedRun(int rounds, std::function<int64_t()> clock)
      : rounds_(rounds), clock_(std::move(clock)) {}

  // Does all of it, also after errors. The first error that no disk excuses, or OK.
  absl::Status Run(Store& store);
  // OK, or what of the effects that were acknowledged by `time` is not there, or wrong.
  absl::Status Verify(Store& store, int64_t time) const;
  int64_t acknowledged() const { return acknowledged_; }

 private:
  template <typename Value>
  using History = std::vector<std::pair<int64_t, Value>>;  // when acknowledged; INT64_MAX: never

  void CommitJob(Store& store, int number, uint64_t attempt);
  void PutArtifact(Store& store, size_t bytes, char letter, bool kept);
  void LeaveUpload(Store& store);
  void MakeSweep(Store& store, int number);
  void DeleteSweep(Store& store, int number);
  // When the call that ended so was acknowledged.
  int64_t Acknowledged(const absl::Status& status);

  absl::Status VerifyJobs(Store& store, int64_t time) const;
  absl::Status VerifyAnswers(Store& store, int64_t time) const;
  absl::Status VerifyEvents(Store& store, int64_t time) const;
  absl::Status VerifyArtifacts(Store& store, int64_t time) const;
  absl::Status VerifySweeps(Store& store, int64_t time) const;

  const int rounds_;
  const std::function<int64_t()> clock_;
  int64_t acknowledged_ = 0;
  absl::Status unexcused_;
  std::map<std::string, History<uint64_t>> jobs_;  // attempt of each
  std::map<std::string, int64_t> answers_;         // by request, all the same text
  struct Bytes {
    std::string bytes;
    int64_t finished = INT64_MAX;
    bool kept = true;  // or collected at the end
  };
  std::map<std::string, Bytes> artifacts_;  // by digest
  struct Life {
    int64_t made = INT64_MAX, deleted = INT64_MAX;  // when acknowledged
  };
  std::map<std::string, Life> sweeps_;
  std::map<std::string, std::pair<int64_t, int64_t>> uploads_;  // digest to bytes, acknowledged
};

// The options of a store for it on such a disk: buffers so small that they are written out often.
Options ScriptedOptions(const std::string& path, rocksdb::Env* env);

}  // namespace rnnfarm::store

#endif  // RNNFARM_TESTS_COORDINATOR_STORE_SCRIPTED_RUN_H_
