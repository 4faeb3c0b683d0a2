// A worker's whole life: it takes leases from a coordinator, trains and analyses, uploads, reports,
// and gives back what it holds when it is told to go.
//
//   worker::Options options;
//   options.coordinator = "127.0.0.1:7070";
//   worker::Worker worker(options);
//   absl::Status end = worker.Run();          // until drained
//
// The process may go on afterwards; several workers may live in one process.
#ifndef RNNFARM_WORKER_RUNTIME_WORKER_H_
#define RNNFARM_WORKER_RUNTIME_WORKER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/credentials.h"

namespace rnnfarm::worker {

struct Options {
  std::string coordinator;  // host:port
  base::Credentials credentials;
  std::string name;  // resource id of the worker; empty: <host>-<process id>
  // "cpu", "reference", "cuda", or "auto": "cuda" where a device is usable, "cpu" elsewhere.
  std::string engine = "cpu";
  // Of engine::FindDevices(), for "cuda"; none: all.
  std::vector<int> devices;
  // Where networks are analysed: "cpu", "cuda", or "auto": the devices that it trains on, where
  // libtorch can compute there.
  std::string analyze_on = "cpu";
  // Networks that are trained or analysed side by side, one thread each; 0: one for each processor.
  // Where devices train, it only analyses with them.
  int threads = 0;
  // What training may take, on each device; 0: no limit. It announces this, or what the machine or
  // the smallest device has.
  int64_t memory_bytes = 0;
  // Networks of one pack at most; 0: as many as threads, or as fill the smallest device.
  int max_pack = 0;
  // The worker computes on through an outage of the coordinator as long as this.
  absl::Duration outage_limit = absl::Minutes(40);
  // From the request to drain to giving up what could not be handed back.
  absl::Duration drain_limit = absl::Seconds(60);
};

class Worker {
 public:
  explicit Worker(Options options);
  ~Worker();

  // Blocks until drained (OK), until the coordinator was unreachable beyond a limit (UNAVAILABLE),
  // or until it cannot work at all (any other code: its configuration). Once.
  absl::Status Run();

  // Ends Run: running jobs stop at their next logging interval, are checkpointed and given back.
  // From any thread and from a signal handler.
  void RequestDrain();

 private:
  struct Life;
  std::unique_ptr<Life> life_;
};

// <host>-<process id> in the characters of a resource id.
std::string DefaultWorkerName();

// libtorch and its BLAS use one thread for each network from here on: side-by-side networks are
// the parallelism. Once, at the start of a program that runs a Worker.
void UseOneThreadPerNetwork();

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_WORKER_H_
