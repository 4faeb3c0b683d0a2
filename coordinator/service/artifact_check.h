// Whether the bytes of a result are what they are said to be. Pure functions.
#ifndef RNNFARM_COORDINATOR_SERVICE_ARTIFACT_CHECK_H_
#define RNNFARM_COORDINATOR_SERVICE_ARTIFACT_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {

// The shape of the network that a job is about.
struct ExpectedCell {
  std::string architecture;
  int64_t units = 0;
  int64_t inputs = -1;   // -1: not known before the data set is read
  int64_t outputs = -1;  // likewise

  int64_t gates() const;       // rows of weight_ih_l0 are gates() * units
  int64_t state_size() const;  // units, or twice that with the LSTM's cell state
};

// Of a result's role: "network" and "checkpoint" (.npz), "states" (.npy, trials x time x units),
// "fixed_points" (.npz). INVALID_ARGUMENT naming the role and array that has a wrong shape or a
// value that is not finite. Other roles pass.
absl::Status CheckArtifact(absl::string_view role, absl::string_view bytes,
                           const ExpectedCell& cell);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_ARTIFACT_CHECK_H_
