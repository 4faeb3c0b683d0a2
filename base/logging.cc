#include "base/logging.h"

#include <glog/logging.h>
#include <grpc/support/log.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace rnnfarm::base {
namespace {

thread_local const LogFields* context = nullptr;

// "sweeps/s" of "sweeps/s/jobs/j".
absl::string_view SweepOf(absl::string_view job) { return job.substr(0, job.find("/jobs/")); }

// " [job sweeps/s/jobs/j attempt 2 worker workers/w]", or nothing.
std::string ContextText() {
  if (context == nullptr) return "";
  std::string text;
  if (context->job.empty() && !context->sweep.empty()) {
    absl::StrAppend(&text, " sweep ", context->sweep);
  }
  if (!context->job.empty()) absl::StrAppend(&text, " job ", context->job);
  if (context->attempt > 0) absl::StrAppend(&text, " attempt ", context->attempt);
  if (!context->worker.empty()) absl::StrAppend(&text, " worker ", context->worker);
  return text.empty() ? "" : absl::StrCat(" [", absl::string_view(text).substr(1), "]");
}

// Every sink writes a line with one call, so that lines of several threads do not mix.
void Write(const std::string& line) { std::fwrite(line.data(), 1, line.size(), stderr); }

class TextSink : public google::LogSink {
 public:
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename,
            int line, const google::LogMessageTime& time, const char* message,
            size_t size) override {
    Write(absl::StrCat(ToString(severity, base_filename, line, time, message, size), ContextText(),
                       "\n"));
  }
};

class JsonSink : public google::LogSink {
 public:
  JsonSink(absl::string_view program, absl::string_view worker)
      : program_(JsonEscaped(program)), worker_(worker) {}

  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename,
            int line, const google::LogMessageTime&, const char* message, size_t size) override {
    Write(absl::StrCat(
        R"({"time":")", absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()),
        R"(","severity":")", google::GetLogSeverityName(severity), R"(","program":")", program_,
        R"(","pid":)", getpid(), R"(,"source":")", JsonEscaped(base_filename), ":", line, "\"",
        Context(), R"(,"message":")", JsonEscaped(absl::string_view(message, size)), "\"}\n"));
  }

 private:
  static void Add(absl::string_view name, absl::string_view value, std::string& out) {
    if (!value.empty()) absl::StrAppend(&out, ",\"", name, "\":\"", JsonEscaped(value), "\"");
  }

  std::string Context() const {
    static const LogFields kNothing;
    const LogFields& fields = context == nullptr ? kNothing : *context;
    std::string out;
    Add("worker", fields.worker.empty() ? worker_ : fields.worker, out);
    Add("sweep", fields.sweep.empty() ? SweepOf(fields.job) : fields.sweep, out);
    Add("job", fields.job, out);
    if (fields.attempt > 0) absl::StrAppend(&out, ",\"attempt\":", fields.attempt);
    return out;
  }

  const std::string program_;
  const std::string worker_;
};

void LogOfGrpc(gpr_log_func_args* args) {
  const google::LogSeverity severity =
      args->severity == GPR_LOG_SEVERITY_ERROR ? google::GLOG_ERROR : google::GLOG_INFO;
  google::LogMessage(args->file, args->line, severity).stream() << args->message;
}

// Bytes of the UTF-8 character that `text` begins with (RFC 3629: none too long, no surrogates, up
// to U+10FFFF); 0: none.
size_t CharacterBytes(absl::string_view text) {
  const auto at = [text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto continues = [&at](size_t i) { return (at(i) & 0xC0) == 0x80; };
  const int first = at(0), second = at(1);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (first < 0xF0) {
    const bool too_long = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return too_long || surrogate ? 0 : 3;
  }
  const bool too_long = first == 0xF0 && second < 0x90;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return too_long || too_large || !continues(3) ? 0 : 4;
}

}  // namespace

LogContext::LogContext(LogFields fields) : fields_(std::move(fields)), outer_(context) {
  context = &fields_;
}

LogContext::~LogContext() { context = outer_; }

std::string JsonEscaped(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text[0];
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out.append(text.data(), bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

void InitLogging(absl::string_view program, const LoggingOptions& options) {
  static std::once_flag once;
  std::call_once(once, [&] {
    // glog keeps the pointer.
    static const std::string* const name = new std::string(program);
    FLAGS_minloglevel = options.minimum_severity;
    // glog writes neither files nor to standard error by itself: the sink does.
    for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
      google::SetLogDestination(severity, "");
    }
    FLAGS_stderrthreshold = google::NUM_SEVERITIES;
    if (options.json) {
      google::AddLogSink(new JsonSink(*name, options.worker));
    } else {
      google::AddLogSink(new TextSink);
    }
    google::InitGoogleLogging(name->c_str());
    gpr_set_log_function(LogOfGrpc);
  });
}

}  // namespace rnnfarm::base
