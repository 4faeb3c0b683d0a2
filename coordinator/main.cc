// rnnfarm-coordinator: keeps the farm's state, hands out jobs, compares, answers people.
//
// Exit codes: 0 shut down by SIGTERM or SIGINT, 1 failed (a store in use or damaged, an address in
// use), 78 wrong configuration.
#include <glog/logging.h>
#include <signal.h>
#include <time.h>

#include <cstring>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "base/build_info.h"
#include "base/command_line.h"
#include "base/logging.h"
#include "coordinator/service/server.h"

ABSL_FLAG(std::string, listen, rnnfarm::service::kDefaultListen,
          "HOST:PORT to listen on; anything but loopback needs --insecure");
ABSL_FLAG(std::string, store, "", "folder of the farm's data; made if it is not there");
ABSL_FLAG(int64_t, max_networks, 1'000'000, "largest population that a sweep may have");
ABSL_FLAG(int64_t, max_open_jobs, 10'000'000, "open jobs of all sweeps together at most");
ABSL_FLAG(bool, insecure, false,
          "listen beyond loopback without encryption, where the network is trusted");
ABSL_FLAG(absl::Duration, lease_term, absl::Seconds(60),
          "after this long without a sign of life a worker's jobs go to others");
ABSL_FLAG(int64_t, free_space_floor_mb, 256,
          "uploads are refused while the store's disk has less free space, in MiB");
ABSL_FLAG(int, comparison_threads, 0, "threads of a comparison; 0: as many as there are cores");
ABSL_FLAG(int64_t, comparison_memory_mb, 2048,
          "prepared networks that a comparison holds at once, in MiB; the others wait on the disk");
ABSL_FLAG(bool, log_json, false, "log one JSON object a line");

namespace {

constexpr int kExitFailed = 1;
constexpr absl::Duration kFailurePoll = absl::Milliseconds(200);

rnnfarm::service::CoordinatorServer::Options OptionsFromFlags() {
  rnnfarm::service::CoordinatorServer::Options options;
  options.listen = absl::GetFlag(FLAGS_listen);
  options.insecure = absl::GetFlag(FLAGS_insecure);
  options.store.path = absl::GetFlag(FLAGS_store);
  options.store.free_space_floor_bytes = absl::GetFlag(FLAGS_free_space_floor_mb) << 20;
  options.scheduler.max_networks = absl::GetFlag(FLAGS_max_networks);
  options.scheduler.max_open_jobs = absl::GetFlag(FLAGS_max_open_jobs);
  options.scheduler.lease_term = absl::GetFlag(FLAGS_lease_term);
  options.comparison_threads = absl::GetFlag(FLAGS_comparison_threads);
  options.comparison_memory_bytes = absl::GetFlag(FLAGS_comparison_memory_mb) << 20;
  return options;
}

// Blocked before any thread starts, so that only WaitForEnd sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Until a signal asks to end (OK) or the store fails.
absl::Status WaitForEnd(const rnnfarm::service::CoordinatorServer& server,
                        const sigset_t& signals) {
  const timespec poll = absl::ToTimespec(kFailurePoll);
  while (true) {
    if (const int signal = sigtimedwait(&signals, nullptr, &poll); signal > 0) {
      LOG(INFO) << "shutting down on " << strsignal(signal);
      return absl::OkStatus();
    }
    if (auto failure = server.failure(); !failure.ok()) return failure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const sigset_t signals = BlockSignals();
  const auto exit_code = rnnfarm::base::ParseFlags(
      {"rnnfarm-coordinator",
       "the coordinator of an rnnfarm: rnnfarm-coordinator --store=FOLDER [--listen=HOST:PORT]",
       "coordinator/main.cc"},
      argc, argv);
  if (exit_code) return *exit_code;
  rnnfarm::base::LoggingOptions logging;
  logging.json = absl::GetFlag(FLAGS_log_json);
  rnnfarm::base::InitLogging("rnnfarm-coordinator", logging);
  const auto options = OptionsFromFlags();
  auto server = rnnfarm::service::CoordinatorServer::Start(options);
  if (!server.ok()) {
    LOG(ERROR) << server.status().message();
    return absl::IsInvalidArgument(server.status()) ? rnnfarm::base::kExitBadConfiguration
                                                    : kExitFailed;
  }
  LOG(INFO) << "rnnfarm-coordinator " << rnnfarm::base::BuildText() << " serves "
            << (*server)->address() << " with the store " << options.store.path;
  const absl::Status end = WaitForEnd(**server, signals);
  // A second signal ends the process at once; the store is made for that.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*server)->Shutdown();
  if (end.ok()) return 0;
  LOG(ERROR) << "ended since the store failed: " << end.message()
             << "; nothing acknowledged is lost, start the coordinator again";
  return kExitFailed;
}
