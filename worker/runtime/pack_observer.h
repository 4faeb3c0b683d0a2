// What the training of a pack is told to, and what it makes of it.
#ifndef RNNFARM_WORKER_RUNTIME_PACK_OBSERVER_H_
#define RNNFARM_WORKER_RUNTIME_PACK_OBSERVER_H_

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "worker/engine/engine.h"
#include "worker/runtime/job.h"
#include "worker/runtime/report_queue.h"
#include "worker/runtime/trainers.h"

namespace rnnfarm::worker {

// The jobs of one pack that have not ended, and what the engine is to do for each.
struct Pack {
  std::vector<Job*> jobs;
  std::vector<engine::Member> members;

  void Add(Job& job, engine::Member member) {
    jobs.push_back(&job);
    members.push_back(std::move(member));
  }
};

// Tells the lease table how far the pack's members are, hands it their checkpoints, and reports
// each member as soon as it ends: on the thread that trained it or, where a device trains, beside
// it. All arguments outlive it; when it is gone, all is reported.
class PackObserver : public engine::Observer {
 public:
  PackObserver(const Pack& pack, double zero_output_mse, const Trainer& trainer,
               Workplace& workplace);

  bool OnProgress(size_t member, const engine::Progress& from) override;
  void OnCheckpoint(size_t member, const engine::Checkpoint& checkpoint) override;
  void OnEnd(size_t member, const engine::Outcome& outcome) override;
  void OnFailure(size_t member, const absl::Status& failure) override;

 private:
  // A pack may have more members than train at once; those whose turn has not come live on the
  // progress of the others.
  void AdvanceThoseThatWait();
  // Of the core that trains the member or, all its members together, of the device; 0: not known.
  double ShareOfPeak(size_t member, double operations_per_second);
  // Returns what all members do together.
  double SetSpeed(size_t member, double operations_per_second);
  void Report(size_t member, const engine::Outcome& outcome);

  const Pack& pack_;
  const double zero_output_mse_;
  const Trainer& trainer_;
  Workplace& workplace_;
  std::vector<std::atomic<bool>> at_work_;
  std::mutex mutex_;
  // Operations a second of the members that train, and their sum.
  std::vector<double> speeds_;
  double speed_ = 0;
  // Where a device trains. The last member: its threads end first.
  std::optional<ReportQueue> reports_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_PACK_OBSERVER_H_
