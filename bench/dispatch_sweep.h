// What bench_dispatch has done: a sweep of many networks of one small shape, and the files that a
// worker uploads for one of them.
#ifndef RNNFARM_BENCH_DISPATCH_SWEEP_H_
#define RNNFARM_BENCH_DISPATCH_SWEEP_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "rnnfarm/v1/farm_service.grpc.pb.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::bench {

inline constexpr char kSweep[] = "sweeps/dispatch";

// Each network is trained with known hyperparameters and then analysed: two jobs; one more compares
// all of them, which does not begin before they have ended.
v1::SweepSpec DispatchSweep(int networks);

// Results that the coordinator's check accepts for every job of the sweep. All jobs share the bytes
// of one set, so that not the upload of artifacts is measured.
class SharedResults {
 public:
  static absl::StatusOr<SharedResults> Upload(v1::ArtifactService::StubInterface& stub);

  v1::JobReport For(const v1::Lease& lease) const;

 private:
  std::map<std::string, std::string> trained_, analyzed_;  // role to digest
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DISPATCH_SWEEP_H_
