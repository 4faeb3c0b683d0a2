// The program rnnfarm-worker: does a coordinator's jobs until it is told to drain.
//
// Exit codes: 0 drained (SIGTERM or SIGINT), 75 the coordinator was unreachable for too long (try
// again), 78 bad configuration.
#include <glog/logging.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "base/command_line.h"
#include "base/logging.h"
#include "worker/runtime/analysis_devices.h"
#include "worker/runtime/kernels.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/trainers.h"
#include "worker/runtime/worker.h"

ABSL_FLAG(std::string, coordinator, "127.0.0.1:7070", "address of the coordinator, host:port");
ABSL_FLAG(bool, tls, false, "encrypt; implied by the other --tls flags");
ABSL_FLAG(std::string, tls_ca, "",
          "PEM file of the authorities that vouch for the coordinator; empty: the system's");
ABSL_FLAG(std::string, tls_certificate, "", "PEM file of this worker's certificate");
ABSL_FLAG(std::string, tls_key, "", "PEM file of its private key");
ABSL_FLAG(std::string, token_file, "",
          "file of the token of the role worker; empty: what RNNFARM_TOKEN_FILE names");
ABSL_FLAG(bool, insecure, false,
          "send the token unencrypted beyond loopback, where the network is trusted");
ABSL_FLAG(std::string, name, "", "this worker's resource id; empty: <host>-<process id>");
ABSL_FLAG(int, threads, 0,
          "networks worked on side by side, where devices train analysed; 0: one for each "
          "processor");
ABSL_FLAG(int, max_pack, 0,
          "networks of one pack at most; 0: as many as threads or, for devices, eight a "
          "multiprocessor of the smallest one");
ABSL_FLAG(
    std::string, engine, "cpu",
    "engine that trains networks: cpu, reference, cuda (or cuda-general and cuda-resident, its "
    "two designs), or auto (cuda where a device is usable, cpu elsewhere)");
ABSL_FLAG(std::string, devices, "all",
          "devices that the engine cuda trains on: all, or numbers such as 0,1 among those that "
          "CUDA_VISIBLE_DEVICES leaves");
ABSL_FLAG(std::string, analyze_on, "cpu",
          "where networks are analysed: cpu, cuda, or auto (the devices that it trains on, where "
          "libtorch was built with CUDA); each of --threads takes some hundred MiB there");
ABSL_FLAG(std::string, memory, "",
          "what training may take, on each device, such as 4GiB: fewer networks side by side "
          "rather than more; empty: no limit");
ABSL_FLAG(absl::Duration, outage_limit, absl::Minutes(40),
          "how long to compute on without an answer of the coordinator");
ABSL_FLAG(absl::Duration, drain_limit, absl::Seconds(60),
          "how long to wait for an answer when draining");
ABSL_FLAG(bool, log_json, false, "log one JSON object a line");

namespace {

constexpr int kExitDrained = 0;
constexpr int kExitTryAgain = 75;

int BadConfiguration(const std::string& message) {
  std::cerr << "rnnfarm-worker: " << message << "\n";
  return rnnfarm::base::kExitBadConfiguration;
}

// Empty if the flags make sense.
std::string WhatIsWrong() {
  if (absl::GetFlag(FLAGS_coordinator).find(':') == std::string::npos) {
    return "--coordinator is \"" + absl::GetFlag(FLAGS_coordinator) + "\"; it must be host:port";
  }
  if (absl::GetFlag(FLAGS_threads) < 0) return "--threads must be 0 or more";
  if (absl::GetFlag(FLAGS_max_pack) < 0) return "--max_pack must be 0 or more";
  const auto memory = rnnfarm::worker::ParseMemory(absl::GetFlag(FLAGS_memory));
  if (!memory.ok()) return "--memory: " + std::string(memory.status().message());
  const auto devices = rnnfarm::worker::ParseDevices(absl::GetFlag(FLAGS_devices));
  if (!devices.ok()) return "--devices: " + std::string(devices.status().message());
  const auto analyze_on = rnnfarm::worker::CheckAnalyzeOn(absl::GetFlag(FLAGS_analyze_on));
  if (!analyze_on.ok()) return "--analyze_on: " + std::string(analyze_on.message());
  const std::string engine = absl::GetFlag(FLAGS_engine);
  if (!devices->empty() && !rnnfarm::worker::MayTrainOnDevices(engine)) {
    return "--devices goes with --engine=cuda or --engine=auto; the engine " + engine +
           " trains on the processor";
  }
  return "";
}

rnnfarm::base::Credentials CredentialsFromFlags() {
  rnnfarm::base::Credentials credentials;
  credentials.tls = absl::GetFlag(FLAGS_tls);
  credentials.tls_ca = absl::GetFlag(FLAGS_tls_ca);
  credentials.tls_certificate = absl::GetFlag(FLAGS_tls_certificate);
  credentials.tls_key = absl::GetFlag(FLAGS_tls_key);
  credentials.token_file = absl::GetFlag(FLAGS_token_file);
  const char* token_file = std::getenv("RNNFARM_TOKEN_FILE");
  if (credentials.token_file.empty() && token_file != nullptr) credentials.token_file = token_file;
  credentials.insecure = absl::GetFlag(FLAGS_insecure);
  return credentials;
}

rnnfarm::worker::Options OptionsFromFlags() {
  rnnfarm::worker::Options options;
  options.coordinator = absl::GetFlag(FLAGS_coordinator);
  options.credentials = CredentialsFromFlags();
  options.name = absl::GetFlag(FLAGS_name);
  if (options.name.empty()) options.name = rnnfarm::worker::DefaultWorkerName();
  options.engine = absl::GetFlag(FLAGS_engine);
  options.devices = *rnnfarm::worker::ParseDevices(absl::GetFlag(FLAGS_devices));
  options.analyze_on = absl::GetFlag(FLAGS_analyze_on);
  options.threads = absl::GetFlag(FLAGS_threads);
  options.memory_bytes = *rnnfarm::worker::ParseMemory(absl::GetFlag(FLAGS_memory));
  options.max_pack = absl::GetFlag(FLAGS_max_pack);
  options.outage_limit = absl::GetFlag(FLAGS_outage_limit);
  options.drain_limit = absl::GetFlag(FLAGS_drain_limit);
  return options;
}

rnnfarm::worker::Worker* running = nullptr;

// RequestDrain only sets a flag. A second signal ends the process at once.
void OnSignal(int) {
  running->RequestDrain();
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

int main(int argc, char** argv) {
  rnnfarm::worker::PinKernels(argv);
  const auto exit_code = rnnfarm::base::ParseFlags(
      {"rnnfarm-worker",
       "trains and analyses networks for a coordinator: rnnfarm-worker --coordinator=HOST:PORT",
       "worker/main.cc"},
      argc, argv);
  if (exit_code) return *exit_code;
  if (const std::string wrong = WhatIsWrong(); !wrong.empty()) {
    return BadConfiguration(wrong);
  }
  const rnnfarm::worker::Options options = OptionsFromFlags();
  rnnfarm::base::LoggingOptions logging;
  logging.json = absl::GetFlag(FLAGS_log_json);
  logging.worker = "workers/" + options.name;
  rnnfarm::base::InitLogging("rnnfarm-worker", logging);
  rnnfarm::worker::UseOneThreadPerNetwork();
  rnnfarm::worker::Worker worker(options);
  running = &worker;
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGINT, OnSignal);
  const absl::Status end = worker.Run();
  if (end.ok()) {
    LOG(INFO) << "drained";
    return kExitDrained;
  }
  if (absl::IsUnavailable(end)) {
    LOG(ERROR) << end.message();
    return kExitTryAgain;
  }
  return BadConfiguration(std::string(end.message()));
}
