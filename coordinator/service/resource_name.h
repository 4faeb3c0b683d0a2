// Resource names: sweeps/{s}, sweeps/{s}/networks/{n}, sweeps/{s}/jobs/{j}, workers/{w}.
#ifndef RNNFARM_COORDINATOR_SERVICE_RESOURCE_NAME_H_
#define RNNFARM_COORDINATOR_SERVICE_RESOURCE_NAME_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {

inline constexpr size_t kMaxNameBytes = 512;

// INVALID_ARGUMENT unless `name` has the form `pattern`, such as "sweeps/{sweep}/jobs/{job}":
// literal segments as they are, no segment empty.
absl::Status CheckName(absl::string_view field, absl::string_view name, absl::string_view pattern);

// "sweeps/s" of "sweeps/s/jobs/j".
std::string SweepOf(absl::string_view name);

// NOT_FOUND naming what was asked for and the nearest of `known`.
absl::Status UnknownName(absl::string_view what, absl::string_view name,
                         const std::vector<std::string>& known);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_RESOURCE_NAME_H_
