// One leased job as the thread that does it sees it: whether to go on, its artifacts, and the one
// way in which it ends.
#ifndef RNNFARM_WORKER_RUNTIME_JOB_H_
#define RNNFARM_WORKER_RUNTIME_JOB_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/logging.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"
#include "worker/runtime/analysis_devices.h"
#include "worker/runtime/lease_table.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/trainers.h"
#include "worker/task/task.h"

namespace rnnfarm::worker {

// What every job uses of its worker.
struct Workplace {
  LeaseTable& leases;
  v1::ArtifactService::StubInterface& artifacts;
  const std::vector<Trainer>& trainers;
  AnalysisDevices& analysis_devices;
  const std::atomic<bool>& draining;
  // The worker leaves without waiting for transfers any longer.
  const std::atomic<bool>& leaving;
  absl::Duration outage_limit;
  absl::Duration drain_limit;
  MemoryBudget& memory;
  // What one job may have: the worker's limit or what the machine has; where devices train, of the
  // smallest device.
  int64_t memory_bytes = 0;
};

class Job {
 public:
  Job(v1::Lease lease, Workplace& workplace);

  const v1::Lease& lease() const { return lease_; }
  const v1::JobSpec& spec() const { return lease_.spec(); }
  LeaseId id() const { return IdOf(lease_); }
  // For what this thread logs about the job while it lives.
  base::LogFields LogFields() const { return {.job = lease_.job(), .attempt = lease_.attempt()}; }

  // False once the lease was dropped, the worker drains or the job's time is over. Thread-safe.
  bool MayGoOn() const;
  // The job's time counts from now on: until here it waited for its turn. Not beside MayGoOn.
  void RestartTime();
  // Signs of life, see LeaseTable.
  void SetProgress(v1::Progress progress) { workplace_.leases.SetProgress(id(), progress); }
  void Advance(absl::string_view phase = "") { workplace_.leases.Advance(id(), phase); }

  // Where to analyse, dynamics::kProcessor or a device.
  int NextAnalysisDevice() { return workplace_.analysis_devices.Next(); }

  // Both ride through an outage of the coordinator. Upload begins only while the lease is fresh.
  absl::StatusOr<std::string> Upload(absl::string_view bytes);
  absl::StatusOr<std::string> Download(const std::string& digest);
  // The job's task, its dataset downloaded if it has one.
  absl::StatusOr<std::unique_ptr<task::Task>> MakeTask();

  // Exactly one of these ends the job; further ones do nothing.
  void Succeed(v1::JobResult result);
  // The machine's fault (an unreachable coordinator, memory) is told from the job's by the code;
  // RESOURCE_EXHAUSTED means memory and nothing else.
  void Fail(const absl::Status& status);
  // After MayGoOn turned false: gives the lease back, or says that the time was not enough.
  // `checkpoint` is where it can be resumed, already uploaded.
  void Stop(std::optional<v1::Checkpoint> checkpoint = std::nullopt);
  bool ended() const { return ended_; }

 private:
  bool timed_out() const;
  void End(v1::JobReport report, std::optional<v1::Checkpoint> checkpoint = std::nullopt);

  v1::Lease lease_;
  Workplace& workplace_;
  absl::Time deadline_;
  bool ended_ = false;
};

// Runs `work` and turns what it throws (libtorch does) into a status, see base::StatusOfThrown.
absl::Status WithoutExceptions(absl::string_view what, const std::function<absl::Status()>& work);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_JOB_H_
