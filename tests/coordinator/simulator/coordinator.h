// The coordinator of a simulated farm: the real ledger and scheduler on a forgetful store, with a
// clock that is set back and forth, and with an end at any moment.
//
//   Coordinator coordinator(world, judge, Planted::kNothing, seed);
//   coordinator.Receive(event, "CancelSweep/42", [](const absl::StatusOr<Reply>& reply) { ... });
//
// What arrives within a moment is committed together. Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_COORDINATOR_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_COORDINATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "coordinator/service/ledger.h"
#include "tests/coordinator/simulator/forgetful_store.h"
#include "tests/coordinator/simulator/judge.h"
#include "tests/coordinator/simulator/world.h"

namespace rnnfarm::simulator {

// Faults of the coordinator itself, to see that they are found.
enum class Planted {
  kNothing,
  kFenceOff,       // a stale report is taken for one of the attempt that holds the lease
  kNoSync,         // answers leave before the writes are safe
  kNoAnswerCache,  // a request that is repeated is done again
  kNoExpiry,       // leases never run out
};

class Coordinator {
 public:
  using Reply = service::Ledger::Reply;
  // Events and replies are shared, not copied, on their way: both are large.
  using Question = std::shared_ptr<const scheduler::Event>;
  using SharedReply = std::shared_ptr<const absl::StatusOr<Reply>>;
  // Called once the effect is committed, or with why there is none. Never, if the coordinator dies.
  using Answer = std::function<void(const SharedReply&)>;

  Coordinator(World& world, Judge& judge, Planted planted, uint64_t seed);

  // A request arrives. Nothing happens while the coordinator is down.
  void Receive(Question event, std::string key, Answer answer);
  // Called each time that the coordinator is there again.
  void OnStart(std::function<void()> started) { started_ = std::move(started); }
  // Whether it was there to be read.
  bool Read(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const;
  const Records& records() const { return store_.records(); }
  // When nothing more is to happen.
  Records TakeRecords() { return store_.TakeRecords(); }
  int64_t events() const { return events_; }
  // What the scheduler knows against what is written.
  void CheckMemory();

 private:
  struct Request {
    Question event;
    std::string key;
    Answer answer;
    SharedReply reply = nullptr;  // null until it is answered
  };
  void Start();
  void Stop(absl::Duration downtime);
  void Poll();
  void Commit();
  void DrawFate();
  void TellAnswers(std::vector<std::shared_ptr<Request>> requests);
  void ForgeReports(const v1::SyncRequest& request);
  absl::Time Clock() const { return world_.now() + clock_error_; }

  World& world_;
  Judge& judge_;
  const Planted planted_;
  const uint64_t seed_;
  ForgetfulStore store_;
  std::unique_ptr<service::Ledger> ledger_;  // null while it is down
  std::vector<std::shared_ptr<Request>> waiting_;
  std::function<void()> started_;
  absl::Duration clock_error_;
  bool commit_is_due_ = false;
  int64_t events_ = 0;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_COORDINATOR_H_
