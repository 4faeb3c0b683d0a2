#include "analysis/similarity/states_metric.h"

#include "absl/strings/str_cat.h"

namespace rnnfarm::analysis {

absl::StatusOr<Prepared> StatesMetric::Prepare(absl::string_view bytes,
                                               absl::string_view source) const {
  auto states = DecodeRepresentation(bytes, source);
  if (!states.ok()) return states.status();
  return Prepare(*states, source);
}

absl::StatusOr<Prepared> StatesMetric::Prepare(const Representation& states,
                                               absl::string_view source) const {
  if (absl::Status status = CheckRepresentation(states.x, source); !status.ok()) return status;
  auto prepared = PrepareStates(states);
  if (!prepared.ok()) {
    return absl::Status(prepared.status().code(),
                        absl::StrCat(source, ": ", prepared.status().message()));
  }
  prepared->extent = states.x.rows();
  return prepared;
}

}  // namespace rnnfarm::analysis
