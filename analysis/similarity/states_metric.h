// The part that metrics of hidden states share: reading the file.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_STATES_METRIC_H_
#define RNNFARM_ANALYSIS_SIMILARITY_STATES_METRIC_H_

#include "analysis/metric.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

class StatesMetric : public Metric {
 public:
  // From an .npy (samples x units, or trials x time x units), or the array "states" of an .npz.
  absl::StatusOr<Prepared> Prepare(absl::string_view bytes, absl::string_view source) const final;
  absl::StatusOr<Prepared> Prepare(const Representation& states, absl::string_view source) const;

 protected:
  // `states` as LoadRepresentation gives them. Errors need not name the source; the extent is set
  // by the caller.
  virtual absl::StatusOr<Prepared> PrepareStates(const Representation& states) const = 0;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_STATES_METRIC_H_
