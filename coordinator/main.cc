// rnnfarm-coordinator: keeps the farm's state, hands out jobs, compares, answers people.
//
// Exit codes: 0 shut down by SIGTERM or SIGINT, 1 failed (a store in use or damaged, an address in
// use), 78 wrong configuration.
#include <glog/logging.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "base/build_info.h"
#include "base/channel.h"
#include "base/command_line.h"
#include "base/logging.h"
#include "coordinator/http/http_server.h"
#include "coordinator/service/server.h"

ABSL_FLAG(std::string, listen, rnnfarm::service::kDefaultListen,
          "HOST:PORT to listen on; anything but loopback needs TLS and callers that are known by "
          "certificate or token, or --insecure");
ABSL_FLAG(std::string, store, "", "folder of the farm's data; made if it is not there");
ABSL_FLAG(int64_t, max_networks, 1'000'000, "largest population that a sweep may have");
ABSL_FLAG(int64_t, max_open_jobs, 10'000'000, "open jobs of all sweeps together at most");
ABSL_FLAG(std::string, tls_certificate, "",
          "PEM file of the coordinator's certificate and those between it and the authority");
ABSL_FLAG(std::string, tls_key, "", "PEM file of its private key");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file of the authorities that vouch for clients; their certificates name their role");
ABSL_FLAG(std::string, tokens, "", "file of lines \"ROLE TOKEN\", readable by its owner alone");
ABSL_FLAG(bool, insecure, false,
          "listen beyond loopback without encryption or known callers, where the network is "
          "trusted");
ABSL_FLAG(absl::Duration, lease_term, absl::Seconds(60),
          "after this long without a sign of life a worker's jobs go to others");
ABSL_FLAG(
    int64_t, free_space_floor_mb, 256,
    "uploads are refused while the store's disk has less free space, in MiB; new sweeps below "
    "a quarter of it");
ABSL_FLAG(
    absl::Duration, artifact_age, absl::Hours(7 * 24),
    "artifacts that nothing refers to, and uploads that do not go on, are removed after this");
ABSL_FLAG(std::string, backup, "", "folder for backups of the store, written while it runs");
ABSL_FLAG(absl::Duration, backup_every, absl::Hours(6), "time between two backups");
ABSL_FLAG(int, comparison_threads, 0, "threads of a comparison; 0: as many as there are cores");
ABSL_FLAG(int64_t, comparison_memory_mb, 2048,
          "prepared networks that a comparison holds at once, in MiB; the others wait on the disk");
ABSL_FLAG(std::string, http, "",
          "HOST:PORT that serves /metrics and /healthz; empty: none; anything but loopback needs "
          "--insecure");
ABSL_FLAG(bool, log_json, false, "log one JSON object a line");

namespace {

constexpr int kExitFailed = 1;
constexpr absl::Duration kFailurePoll = absl::Milliseconds(200);

rnnfarm::service::CoordinatorServer::Options OptionsFromFlags() {
  rnnfarm::service::CoordinatorServer::Options options;
  options.listen = absl::GetFlag(FLAGS_listen);
  options.security.tls_certificate = absl::GetFlag(FLAGS_tls_certificate);
  options.security.tls_key = absl::GetFlag(FLAGS_tls_key);
  options.security.tls_client_ca = absl::GetFlag(FLAGS_tls_client_ca);
  options.security.tokens = absl::GetFlag(FLAGS_tokens);
  options.insecure = absl::GetFlag(FLAGS_insecure);
  options.store.path = absl::GetFlag(FLAGS_store);
  options.store.free_space_floor_bytes = absl::GetFlag(FLAGS_free_space_floor_mb) << 20;
  options.upkeep.artifact_age = absl::GetFlag(FLAGS_artifact_age);
  options.upkeep.backup = absl::GetFlag(FLAGS_backup);
  options.upkeep.backup_every = absl::GetFlag(FLAGS_backup_every);
  options.scheduler.max_networks = absl::GetFlag(FLAGS_max_networks);
  options.scheduler.max_open_jobs = absl::GetFlag(FLAGS_max_open_jobs);
  options.scheduler.lease_term = absl::GetFlag(FLAGS_lease_term);
  options.comparison_threads = absl::GetFlag(FLAGS_comparison_threads);
  options.comparison_memory_bytes = absl::GetFlag(FLAGS_comparison_memory_mb) << 20;
  return options;
}

// Every worker takes two connections; the usual soft limit is a thousand files.
void RaiseFileLimit() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Null without --http.
absl::StatusOr<std::unique_ptr<rnnfarm::http::HttpServer>> ServeHttp(
    const rnnfarm::service::CoordinatorServer& server) {
  const std::string listen = absl::GetFlag(FLAGS_http);
  if (listen.empty()) return nullptr;
  if (!absl::GetFlag(FLAGS_insecure) && !rnnfarm::base::IsLoopback(listen)) {
    return absl::InvalidArgumentError(
        "http: " + listen +
        " can be reached from other machines, and everyone may read there; listen on 127.0.0.1, or "
        "allow it with --insecure where the network is trusted");
  }
  return rnnfarm::http::HttpServer::Start(listen, {[&server] { return server.CollectMetrics(); },
                                                   [&server] { return server.Health(); }});
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

int Refuse(const absl::Status& status) {
  LOG(ERROR) << status.message();
  return absl::IsInvalidArgument(status) ? rnnfarm::base::kExitBadConfiguration : kExitFailed;
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
  RaiseFileLimit();
  const auto options = OptionsFromFlags();
  auto server = rnnfarm::service::CoordinatorServer::Start(options);
  if (!server.ok()) return Refuse(server.status());
  const auto http = ServeHttp(**server);
  if (!http.ok()) return Refuse(http.status());
  LOG(INFO) << "rnnfarm-coordinator " << rnnfarm::base::BuildText() << " serves "
            << (*server)->address() << " with the store " << options.store.path;
  if (*http) LOG(INFO) << "/metrics and /healthz on port " << (*http)->port();
  const absl::Status end = WaitForEnd(**server, signals);
  // A second signal ends the process at once; the store is made for that.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*server)->Shutdown();
  if (end.ok()) return 0;
  LOG(ERROR) << "ended since the store failed: " << end.message()
             << "; nothing acknowledged is lost, start the coordinator again";
  return kExitFailed;
}
