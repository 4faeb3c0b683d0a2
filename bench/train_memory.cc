#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/train_case.h"
#include "bench/train_tables.h"
#include "worker/engine/engine.h"

namespace rnnfarm::bench {

namespace {

constexpr int kUnits = 256, kTrialSteps = 500, kPack = 16;
constexpr int64_t kIterations = 2;  // the second one has all that the first left
constexpr double kMegabyte = 1e6;

struct MemoryCase {
  const char* name;   // of its figures
  const char* words;  // of its row
  int networks, threads;
  bool limited;  // to what the pack takes on one thread
};
constexpr MemoryCase kCases[] = {
    {"one_network", "1 network, 1 thread", 1, 1, false},
    {"pack", "16 networks, 2 threads", kPack, 2, false},
    {"pack_limited", "16, limited to 1 thread", kPack, 2, true},
};

// A field of this process's status in bytes, such as "VmRSS:"; 0 where the system has none.
int64_t StatusBytes(absl::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, field)) continue;
    int64_t kilobytes = 0;
    const size_t digits = line.find_first_of("0123456789");
    if (digits == std::string::npos) return 0;
    const size_t end = line.find_first_not_of("0123456789", digits);
    return absl::SimpleAtoi(line.substr(digits, end - digits), &kilobytes) ? kilobytes * 1024 : 0;
  }
  return 0;
}

struct Memory {
  int64_t promised = 0;  // MemoryBytes
  int64_t grown = 0;     // peak resident set, without files, over what was resident before Train
  bool trained = false;
};

Memory MeasureHere(const std::string& engine_name, const MemoryCase& memory_case) {
  const std::unique_ptr<task::Task> task =
      *task::MakeTask(task::SineWave{kTrialSteps, 0.01, 0.05, 51});
  rnn::CellSpec cell;
  cell.architecture = rnn::Architecture::kLstm;
  cell.units = kUnits;
  std::vector<engine::Member> pack;
  for (int i = 0; i < memory_case.networks; ++i) {
    pack.push_back(MemberOf(*task, cell, absl::StrCat("memory-", i), kIterations));
  }
  const engine::Plan plan = PlanOf(*task);
  auto engine = engine::MakeEngine(engine_name);
  if (!engine.ok()) return {};
  Memory memory;
  memory.promised = (*engine)->MemoryBytes(plan, pack, memory_case.threads);
  if (memory_case.limited) {
    const int64_t limit = (*engine)->MemoryBytes(plan, pack, 1);
    engine = engine::MakeEngine(engine_name, engine::Limits{limit});
    if (!engine.ok()) return {};
    memory.promised = limit;
  }
  Silent silent;
  const int64_t before = StatusBytes("VmRSS:"), file_before = StatusBytes("RssFile:");
  memory.trained = TrainToEnd(**engine, plan, pack, memory_case.threads, silent).ok();
  // Pages of programs and libraries, which are there once used, are no network's.
  const int64_t file_pages = StatusBytes("RssFile:") - file_before;
  memory.grown = StatusBytes("VmHWM:") - before - file_pages;
  return memory;
}

// In a process of its own: the high-water mark and the allocator remember what was before.
absl::StatusOr<Memory> MeasureApart(const std::string& engine_name, const MemoryCase& memory_case) {
  int ends[2];
  if (pipe(ends) != 0) return absl::InternalError("no pipe");
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    const Memory memory = MeasureHere(engine_name, memory_case);
    const bool told = write(ends[1], &memory, sizeof(memory)) == sizeof(memory);
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  Memory memory;
  const bool told = pid > 0 && read(ends[0], &memory, sizeof(memory)) == sizeof(memory);
  close(ends[0]);
  if (pid > 0) waitpid(pid, nullptr, 0);
  if (told && memory.trained) return memory;
  return absl::InternalError(absl::StrCat(memory_case.words, ": did not train"));
}

}  // namespace

absl::Status PrintMemory(const TableOptions& options, std::vector<Figure>& figures) {
  std::printf("memory, LSTM of %d units, sine, %d steps, batch %d, engine %s\n\n", kUnits,
              kTrialSteps, kBatch, options.engine.c_str());
  std::printf("%-24s %13s %13s %6s\n", "", "promised MB", "taken MB", "held");
  for (const MemoryCase& memory_case : kCases) {
    const absl::StatusOr<Memory> memory = MeasureApart(options.engine, memory_case);
    if (!memory.ok()) return memory.status();
    std::printf("%-24s %13.1f %13.1f %6s\n", memory_case.words, memory->promised / kMegabyte,
                memory->grown / kMegabyte, memory->grown <= memory->promised ? "yes" : "NO");
    std::fflush(stdout);
    const std::string key = absl::StrCat("memory_lstm_256_", memory_case.name);
    figures.push_back({absl::StrCat(key, "_promised"), memory->promised / kMegabyte, "MB"});
    figures.push_back({key, memory->grown / kMegabyte, "MB"});
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::bench
