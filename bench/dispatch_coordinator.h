// The real coordinator program in a process of its own, so that its processor time is known apart
// and it can be killed.
//
//   absl::StatusOr<std::unique_ptr<CoordinatorChild>> child = CoordinatorChild::Start(folder);
//   ... (*child)->address() ...
//   (*child)->Kill();   // as a loss of the process would
#ifndef RNNFARM_BENCH_DISPATCH_COORDINATOR_H_
#define RNNFARM_BENCH_DISPATCH_COORDINATOR_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace rnnfarm::bench {

class CoordinatorChild {
 public:
  // Starts rnnfarm-coordinator, which lies beside the running program, with the store
  // `folder`/store and its log in `folder`. Serves when it returns; UNAVAILABLE with the last words
  // of its log if it does not.
  static absl::StatusOr<std::unique_ptr<CoordinatorChild>> Start(const std::string& folder);
  ~CoordinatorChild();
  CoordinatorChild(const CoordinatorChild&) = delete;
  CoordinatorChild& operator=(const CoordinatorChild&) = delete;

  const std::string& address() const { return address_; }
  // From before the process was there until it served.
  double seconds_to_serve() const { return seconds_to_serve_; }
  // Of the processor, since it started.
  double CpuSeconds() const;
  // kill -9, if it still runs.
  void Kill();

 private:
  explicit CoordinatorChild(pid_t pid) : pid_(pid) {}
  absl::Status WaitUntilItServes(const std::string& log);

  pid_t pid_;  // 0: ended
  std::string address_;
  double seconds_to_serve_ = 0;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DISPATCH_COORDINATOR_H_
