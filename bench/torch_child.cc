#include "bench/torch_child.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::bench {

namespace {

bool HasAvx512() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

// Ours without what chooses kernels and threads. OpenBLAS takes the processor's best by itself,
// PyTorch uses AVX-512 only where told to. An allocator that keeps its memory spares PyTorch the
// page faults of each iteration, as its own tuning guide advises.
std::vector<std::string> Environment(int threads) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool ours = false;
    for (const absl::string_view prefix :
         {"OPENBLAS_", "ATEN_", "MKL_", "OMP_", "GOMP_", "KMP_", "DNNL_", "MALLOC_"}) {
      ours |= absl::StartsWith(*entry, prefix);
    }
    if (!ours) variables.emplace_back(*entry);
  }
  for (const char* variable :
       {"MALLOC_TRIM_THRESHOLD_=100000000000", "MALLOC_MMAP_THRESHOLD_=100000000000"}) {
    variables.emplace_back(variable);
  }
  for (const char* variable : {"OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS="}) {
    variables.push_back(absl::StrCat(variable, threads));
  }
  if (HasAvx512()) variables.emplace_back("ATEN_CPU_CAPABILITY=avx512");
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<std::string> ScriptPath(const std::string& name) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path script = program.parent_path() / name;
  if (error || !std::filesystem::exists(script, error)) {
    return absl::UnavailableError(absl::StrCat(name, " is not beside the program"));
  }
  return script.string();
}

// Starts `python`, arguments[0], with `end` as its standard input and output.
absl::StatusOr<pid_t> Spawn(const std::string& python, std::vector<std::string> arguments,
                            int threads, int end) {
  std::vector<std::string> variables = Environment(threads);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, python.c_str(), &actions, nullptr, Pointers(arguments).data(),
                                Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return absl::UnavailableError(absl::StrCat(python, " cannot be started: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TorchChild>> TorchChild::Start(
    const std::string& python, const std::vector<std::string>& script, int threads) {
  const absl::StatusOr<std::string> path = ScriptPath(script[0]);
  if (!path.ok()) return path.status();
  std::vector<std::string> arguments = {python, *path};
  arguments.insert(arguments.end(), script.begin() + 1, script.end());
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::UnavailableError(absl::StrCat("no socket pair: ", std::strerror(errno)));
  }
  const absl::StatusOr<pid_t> pid = Spawn(python, std::move(arguments), threads, ends[1]);
  close(ends[1]);
  if (!pid.ok()) {
    close(ends[0]);
    return pid.status();
  }
  std::unique_ptr<TorchChild> child(new TorchChild(*pid, fdopen(ends[0], "r")));
  const absl::StatusOr<std::string> greeting = child->ReadLine();
  if (!greeting.ok() || absl::StartsWith(*greeting, "none")) {
    return absl::UnavailableError(
        absl::StrCat(python, ": ", greeting.ok() ? *greeting : "it ended before it spoke"));
  }
  child->version_ = *greeting;
  return child;
}

TorchChild::~TorchChild() {
  std::fclose(stream_);  // the child ends with its input
  waitpid(pid_, nullptr, 0);
}

absl::StatusOr<std::string> TorchChild::Ask(const std::string& request) {
  const std::string line = absl::StrCat(request, "\n");
  // MSG_NOSIGNAL: a child that has died is an answer, not our end.
  if (send(fileno(stream_), line.data(), line.size(), MSG_NOSIGNAL) != line.size()) {
    return absl::InternalError("Python's process has ended");
  }
  absl::StatusOr<std::string> answer = ReadLine();
  if (answer.ok() && absl::StartsWith(*answer, "error")) {
    return absl::InternalError(absl::StrCat("Python on \"", request, "\": ", *answer));
  }
  return answer;
}

absl::StatusOr<std::string> TorchChild::ReadLine() {
  std::string line;
  for (int c = std::fgetc(stream_); c != EOF; c = std::fgetc(stream_)) {
    if (c == '\n') return line;
    line.push_back(static_cast<char>(c));
  }
  return absl::InternalError("Python's process has ended");
}

}  // namespace rnnfarm::bench
