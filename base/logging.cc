#include "base/logging.h"

#include <glog/logging.h>
#include <grpc/support/log.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace rnnfarm::base {
namespace {

class JsonSink : public google::LogSink {
 public:
  explicit JsonSink(absl::string_view program) : program_(JsonEscaped(program)) {}

  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename,
            int line, const google::LogMessageTime&, const char* message, size_t size) override {
    const std::string text = absl::StrCat(
        R"({"time":")", absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()),
        R"(","severity":")", google::GetLogSeverityName(severity), R"(","program":")", program_,
        R"(","pid":)", getpid(), R"(,"source":")", JsonEscaped(base_filename), ":", line,
        R"(","message":")", JsonEscaped(absl::string_view(message, size)), "\"}\n");
    // One call, so that lines of several threads do not mix.
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

 private:
  std::string program_;
};

void LogOfGrpc(gpr_log_func_args* args) {
  const google::LogSeverity severity =
      args->severity == GPR_LOG_SEVERITY_ERROR ? google::GLOG_ERROR : google::GLOG_INFO;
  google::LogMessage(args->file, args->line, severity).stream() << args->message;
}

}  // namespace

std::string JsonEscaped(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out;
}

void InitLogging(absl::string_view program, const LoggingOptions& options) {
  static std::once_flag once;
  std::call_once(once, [&] {
    // glog keeps the pointer.
    static const std::string* const name = new std::string(program);
    FLAGS_minloglevel = options.minimum_severity;
    if (options.json) {
      for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
        google::SetLogDestination(severity, "");
      }
      FLAGS_stderrthreshold = google::NUM_SEVERITIES;
      google::AddLogSink(new JsonSink(*name));
    } else {
      FLAGS_logtostderr = true;
    }
    google::InitGoogleLogging(name->c_str());
    gpr_set_log_function(LogOfGrpc);
  });
}

}  // namespace rnnfarm::base
