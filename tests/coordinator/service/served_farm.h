// A coordinator served on a free loopback port with a store of its own, and a worker made of
// nothing but calls, which answers jobs with arrays of the right shapes.
#ifndef RNNFARM_TESTS_COORDINATOR_SERVICE_SERVED_FARM_H_
#define RNNFARM_TESTS_COORDINATOR_SERVICE_SERVED_FARM_H_

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/credentials.h"
#include "base/status_grpc.h"
#include "coordinator/service/server.h"
#include "rnnfarm/v1/farm_service.grpc.pb.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

// Two GRU networks of 4 units, trained with known hyperparameters.
v1::SweepSpec TinySweep(const std::string& name = "tiny");

class ServedFarm {
 public:
  ServedFarm();
  ~ServedFarm();

  void Start();
  void Shutdown() { server->Shutdown(); }
  v1::Sweep MustSubmit(const v1::SweepSpec& spec);
  v1::Sweep GetSweep(const std::string& name);
  v1::Job GetJob(const std::string& name);

  // OK or what the call ended with.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return base::FromGrpc((farm.get()->*method)(&context, request, response));
  }

  absl::Status Upload(const std::string& digest, const std::string& bytes, int64_t offset = 0,
                      int64_t size = -1);
  std::string MustUpload(const std::string& bytes);
  absl::StatusOr<std::string> Download(const std::string& digest, int64_t offset = 0);

  CoordinatorServer::Options options;
  // What Start dials with.
  base::Credentials credentials;
  std::unique_ptr<CoordinatorServer> server;
  std::unique_ptr<v1::FarmService::Stub> farm;
  std::unique_ptr<v1::WorkerService::Stub> workers;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;
};

class FakeWorker {
 public:
  FakeWorker(ServedFarm& farm, const std::string& name) : farm_(farm) { name_ = "workers/" + name; }

  v1::SyncRequest Request(int free_slots) const;
  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request);
  v1::SyncResponse MustSync(const v1::SyncRequest& request);
  // Leases that came with free slots, at least one, within some seconds.
  std::vector<v1::Lease> MustLease(int free_slots = 1);
  // Uploads what a sound worker would and makes the report of it.
  v1::JobReport Result(const v1::Lease& lease);
  v1::ReportOutcome Report(const v1::JobReport& report);
  // Works until the sweep has ended.
  void Finish(const std::string& sweep);

 private:
  ServedFarm& farm_;
  std::string name_;
};

// The files of one network of TinySweep; a weight or state is `spoilt` unless 0.
std::string NetworkFile(double spoilt = 0);
std::string StatesFile(int64_t seed, double spoilt = 0);
std::string FixedPointsFile();

}  // namespace rnnfarm::service

#endif  // RNNFARM_TESTS_COORDINATOR_SERVICE_SERVED_FARM_H_
