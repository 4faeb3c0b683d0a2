// Set-up of glog, which is the log of all our programs and of the libraries under them: one line
// a message on standard error, for people or as JSON. A line says what its thread is at:
//
//   base::LogContext context({.job = lease.job(), .attempt = lease.attempt()});
//   LOG(INFO) << "begins";   // … begins [job sweeps/s/jobs/train-a attempt 2]
#ifndef RNNFARM_BASE_LOGGING_H_
#define RNNFARM_BASE_LOGGING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

struct LoggingOptions {
  // One JSON object a line: time (RFC 3339, UTC), severity, program, pid, source, message, and of
  // worker, sweep, job and attempt those that are known.
  bool json = false;
  // Messages below are dropped: 0 info, 1 warning, 2 error.
  int minimum_severity = 0;
  // workers/{worker} that this process is, for JSON; empty: none.
  std::string worker = {};
};

// Once, at the start of main; later calls change nothing. Routes gRPC's own log into glog too.
void InitLogging(absl::string_view program, const LoggingOptions& options = {});

// Resource names; empty or 0: not known.
struct LogFields {
  std::string job = {};
  uint64_t attempt = 0;
  std::string worker = {};
  std::string sweep = {};  // the job's, unless said
};

// What the lines of this thread are about while it lives. Contexts of a thread nest: an inner one
// hides the outer.
class LogContext {
 public:
  explicit LogContext(LogFields fields);
  ~LogContext();
  LogContext(const LogContext&) = delete;
  LogContext& operator=(const LogContext&) = delete;

 private:
  const LogFields fields_;
  const LogFields* const outer_;
};

// `text` as the inside of a JSON string, quotes not included. Each byte that is not UTF-8 becomes
// U+FFFD.
std::string JsonEscaped(absl::string_view text);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_LOGGING_H_
