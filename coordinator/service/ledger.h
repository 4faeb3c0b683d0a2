// The one place where the coordinator's state changes: a thread that gathers what waits, applies
// it to the scheduler, commits all of it in one synced batch and only then answers.
//
// If a commit fails, the state in memory is ahead of the disk: nothing of the batch is
// acknowledged. If the disk was full, the state is read from the store again; reads go on, every
// call is RESOURCE_EXHAUSTED until there is space, and then it goes on as after a restart. After
// any other error every later call and read fails with the same error, and the process is to be
// ended; a restart finds what was acknowledged. Thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_LEDGER_H_
#define RNNFARM_COORDINATOR_SERVICE_LEDGER_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/service/last_syncs.h"
#include "coordinator/service/metrics.h"
#include "coordinator/service/reply_bytes.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

class Ledger {
 public:
  struct Options {
    scheduler::Options scheduler;
    std::function<absl::Time()> now = absl::Now;
    Metrics* metrics = nullptr;  // told of every commit; may be left out
    // False: there is no thread, and nothing happens but in ApplyWaiting, whose caller decides how
    // time passes.
    bool own_thread = true;
  };
  using Reply = service::Reply;
  using Done = std::function<void(absl::StatusOr<Reply>)>;
  // Called by the apply thread after each batch and at least every kTickPoll; `woke`: work became
  // available.
  using Listener = std::function<void(bool woke)>;

  static constexpr absl::Duration kTickPoll = absl::Milliseconds(100);
  // Between two tries to write again after the disk was full.
  static constexpr absl::Duration kReopenPoll = absl::Seconds(1);
  // Events in one synced batch at most.
  static constexpr size_t kMaxGathered = 256;

  // Restores the scheduler from the store and starts the thread.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(store::RecordStore& store, Options options);
  ~Ledger();

  // `done` is called by the apply thread and must not block. A repeated `answer_key` that is not
  // empty gets its first answer again.
  void Post(scheduler::Event event, std::string answer_key, Done done);
  // Waits for the answer; not for callback threads.
  absl::StatusOr<Reply> Call(scheduler::Event event, std::string answer_key = "");
  // What a request that was answered before got; NOT_FOUND if there is none.
  absl::StatusOr<Reply> FindAnswer(const std::string& answer_key) const;
  // Waits for the commit under way, so that `read` sees only what is durable.
  absl::Status Read(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const;
  // Waits for no commit: what `read` sees may never become durable and is not to be told anybody.
  absl::Status ReadAhead(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const;
  // One round of the apply thread, of a ledger that has none.
  void ApplyWaiting();
  // Before anything is posted.
  void AddListener(Listener listener);

  absl::Time Now() const { return options_.now(); }
  // Events that wait to be applied.
  size_t waiting() const;
  // Why the ledger can no longer commit; OK while it can.
  absl::Status failure() const;
  // Answers what waits with UNAVAILABLE and ends the thread.
  void Stop();

 private:
  struct Pending {
    scheduler::Event event;
    std::string answer_key;
    Done done;
  };
  struct Applied {
    absl::StatusOr<Reply> answer;
    Done done;
  };
  Ledger(store::RecordStore& store, Options options);
  absl::Status Restore();
  // OK if it can be committed; tries to end a full disk's read-only mode.
  absl::Status EnsureWritable();
  void NoteFailure(const absl::Status& failure);
  void Run();
  // False when stopping.
  bool Gather(absl::Duration longest, std::vector<Pending>& gathered);
  absl::Status Commit(const std::vector<store::Batch>& batches, absl::Time now);
  void ApplyAndCommit(std::vector<Pending> gathered);
  // Whether work became available.
  bool Apply(std::vector<Pending>& gathered, absl::Time now, std::vector<store::Batch>& batches,
             std::vector<Applied>& applied);
  absl::StatusOr<Reply> ApplyOne(const Pending& pending, absl::Time now,
                                 std::vector<store::Batch>& batches,
                                 std::map<std::string, std::string>& answers, bool& woke);
  absl::StatusOr<Reply> ApplyEvent(const scheduler::Event& event, absl::Time now,
                                   store::Batch& batch, bool& woke);

  store::RecordStore& store_;
  const Options options_;
  std::vector<Listener> listeners_;

  // Guards queue_ and stopping_.
  mutable std::mutex queue_mutex_;
  std::condition_variable queued_;
  std::deque<Pending> queue_;
  bool stopping_ = false;

  // Held over Apply and commit, so that whoever holds it sees only what is durable.
  mutable std::mutex durable_mutex_;
  // Guards scheduler_, last_syncs_, failure_, next_reopen_ and listeners_, which
  // change only while durable_mutex_ is held too: either one is enough to read. Taken after
  // durable_mutex_, and not held over commits.
  mutable std::mutex state_mutex_;
  std::optional<scheduler::Scheduler> scheduler_;
  LastSyncs last_syncs_;
  absl::Status failure_;
  absl::Time next_reopen_ = absl::InfinitePast();

  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_LEDGER_H_
