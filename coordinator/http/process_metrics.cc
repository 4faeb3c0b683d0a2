#include "coordinator/http/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/build_info.h"

namespace rnnfarm::http {
namespace {

// Of proc(5), counted from behind the program's name, which may hold blanks.
constexpr size_t kUserTicks = 11, kSystemTicks = 12, kStartTicks = 19, kResidentPages = 21;

prometheus::MetricFamily Single(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {name, help, type, {metric}};
}

prometheus::MetricFamily BuildOfProgram() {
  const base::BuildInfo& build = base::GetBuildInfo();
  auto family = Single("rnnfarm_build_info", "What the program was built from; always 1.",
                       prometheus::MetricType::Gauge, 1);
  family.metric[0].label = {{"revision", build.revision}, {"version", build.version}};
  return family;
}

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Seconds since 1970 at which the machine was started; 0: not known.
double BootTime() {
  std::ifstream file("/proc/stat");
  double seconds = 0;
  for (std::string line; std::getline(file, line);) {
    const std::pair<std::string, std::string> field = absl::StrSplit(line, ' ');
    if (field.first == "btime" && absl::SimpleAtod(field.second, &seconds)) return seconds;
  }
  return 0;
}

void AddStat(std::vector<prometheus::MetricFamily>& families) {
  using prometheus::MetricType;
  const std::string line = FirstLine("/proc/self/stat");
  const std::vector<std::string> fields =
      absl::StrSplit(line.substr(std::min(line.size(), line.rfind(')') + 2)), ' ');
  double user = 0, system = 0, start = 0, resident = 0;
  if (fields.size() <= kResidentPages || !absl::SimpleAtod(fields[kUserTicks], &user) ||
      !absl::SimpleAtod(fields[kSystemTicks], &system) ||
      !absl::SimpleAtod(fields[kStartTicks], &start) ||
      !absl::SimpleAtod(fields[kResidentPages], &resident)) {
    return;
  }
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  families.push_back(Single("process_cpu_seconds_total", "Processor time used, in seconds.",
                            MetricType::Counter, (user + system) / ticks));
  families.push_back(Single("process_resident_memory_bytes", "Memory in use, in bytes.",
                            MetricType::Gauge,
                            resident * static_cast<double>(sysconf(_SC_PAGESIZE))));
  if (const double boot = BootTime(); boot > 0) {
    families.push_back(Single("process_start_time_seconds",
                              "When the process was started, in seconds since 1970.",
                              MetricType::Gauge, boot + start / ticks));
  }
}

void AddFiles(std::vector<prometheus::MetricFamily>& families) {
  using prometheus::MetricType;
  std::error_code error;
  double open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++open;
  }
  if (open > 0) {
    families.push_back(
        Single("process_open_fds", "Open file descriptors.", MetricType::Gauge, open));
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Single("process_max_fds", "File descriptors that may be open.",
                              MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics() {
  std::vector<prometheus::MetricFamily> families = {BuildOfProgram()};
  AddStat(families);
  AddFiles(families);
  return families;
}

}  // namespace rnnfarm::http
