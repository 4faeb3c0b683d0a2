// Set-up of glog, which is the log of all our programs and of the libraries under them: one line
// a message on standard error, for people or as JSON.
#ifndef RNNFARM_BASE_LOGGING_H_
#define RNNFARM_BASE_LOGGING_H_

#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

struct LoggingOptions {
  // One JSON object a line: time (RFC 3339, UTC), severity, program, thread, source, message.
  bool json = false;
  // Messages below are dropped: 0 info, 1 warning, 2 error.
  int minimum_severity = 0;
};

// Once, at the start of main; later calls change nothing. Routes gRPC's own log into glog too.
void InitLogging(absl::string_view program, const LoggingOptions& options = {});

// `text` as the inside of a JSON string, quotes not included. Bytes that are not UTF-8 stay.
std::string JsonEscaped(absl::string_view text);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_LOGGING_H_
