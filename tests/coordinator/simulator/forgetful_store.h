// A store in memory that remembers what was synced and forgets everything else when it loses power,
// and whose next commit can be made to fail or to be the last one. Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_FORGETFUL_STORE_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_FORGETFUL_STORE_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/store.h"

namespace rnnfarm::simulator {

struct Records {
  std::map<std::string, v1::Sweep> sweeps;
  std::map<std::string, v1::Configuration> configurations;  // by sweep and key
  std::map<std::string, v1::Network> networks;
  std::map<std::string, v1::Job> jobs;
  std::map<std::string, v1::Worker> workers;
  std::map<std::string, v1::DeletedSweep> deleted_sweeps;
  std::map<std::string, std::vector<v1::JobEvent>> events;  // by job
  std::map<std::string, std::string> answers;
};

class ForgetfulStore : public store::RecordStore {
 public:
  // What becomes of the next commit.
  enum class Fate {
    kKept,
    kPowerLostBefore,  // nothing of it is there
    kPowerLostAfter,   // all of it is there, and nobody was told
    kDiskFull,         // refused
  };
  // Sees every batch just before it is put into the records.
  using Witness = std::function<void(const store::Batch&, const Records& before)>;

  // `syncs`: false plants a fault, a store that answers before its writes are safe.
  ForgetfulStore(bool syncs, Witness witness) : syncs_(syncs), witness_(std::move(witness)) {}

  absl::Status Commit(const std::vector<store::Batch>& batches) override;
  absl::Status Load(const Visitor& visitor) override;
  absl::StatusOr<std::string> FindAnswer(absl::string_view request_id) override;
  absl::Status CheckWritable() override;
  absl::Status Reopen() override;

  const Records& records() const { return records_; }
  // When nothing more is read or written.
  Records TakeRecords() { return std::move(records_); }
  void SetFateOfNextCommit(Fate fate) { fate_ = fate; }
  Fate fate_of_next_commit() const { return fate_; }
  // The machine is down: no answer leaves it any more.
  bool lost_power() const { return lost_power_; }
  // What was not synced is gone; the machine is up again.
  void LosePower();

 private:
  static constexpr int kCommitsUntilSync = 50;  // of the store that does not sync each
  void Put(const store::Batch& batch);

  const bool syncs_;
  const Witness witness_;
  Fate fate_ = Fate::kKept;
  bool lost_power_ = false;
  bool full_ = false;
  Records records_;
  Records synced_;  // of the store that does not sync each commit
  int commits_ = 0;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_FORGETFUL_STORE_H_
