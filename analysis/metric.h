// A distance between networks, whatever it looks at. A metric prepares each network once (the
// expensive part: centring, a thin SVD) and compares prepared ones pairwise.
//
//   auto metric = MakeMetric("svcca", {{"variance", 0.95}});    // metric_registry.h
//   auto a = (*metric)->Prepare(bytes_of_a, "a.npy"), b = …;
//   double d = DistanceBetween(**metric, *a, *b);               // pairwise/pairwise.h
//
// Metrics are immutable and thread-safe. A new one is a file that defines its MetricKind, and a
// line in kinds.h and metric_registry.cc.
#ifndef RNNFARM_ANALYSIS_METRIC_H_
#define RNNFARM_ANALYSIS_METRIC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

// A network as one metric compares it.
struct Prepared {
  using Factors = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  Factors factors;     // samples x columns; 0 x 0 if the metric needs no products
  Matrix rest;         // what else it needs, in a layout of the metric's own
  int64_t extent = 0;  // samples of states, nodes of a graph

  // Memory that it holds.
  int64_t bytes() const { return factors.size() * sizeof(float) + rest.size() * sizeof(double); }
};

class Metric {
 public:
  virtual ~Metric() = default;

  // From the bytes of a network's file, that `source` names in errors; INVALID_ARGUMENT says what
  // cannot be compared and why.
  virtual absl::StatusOr<Prepared> Prepare(absl::string_view bytes,
                                           absl::string_view source) const = 0;

  // `product`: a.factorsᵀ b.factors, columns of a x columns of b, good to 1e-6 of the largest.
  // Both of the same extent if EqualExtents. Symmetric: the transposed product of (b, a) gives the
  // same bits.
  virtual double Distance(const Prepared& a, const Prepared& b, const Matrix& product) const = 0;

  // Whether the pair is so near that `distance` may be lost in the digits that float32 has. It is
  // then computed once more by ExactDistance, from a product in float64.
  virtual bool IsNear(const Prepared& a, const Prepared& b, double distance) const {
    (void)a, (void)b, (void)distance;
    return false;
  }
  virtual double ExactDistance(const Prepared& a, const Prepared& b, const Matrix& product) const {
    return Distance(a, b, product);
  }

  // Whether only networks of the same extent can be compared.
  virtual bool EqualExtents() const { return true; }
};

struct MetricOption {
  const char* name;
  double fallback;
  double min, max;
  bool above_min = false;  // min itself is not allowed
  bool whole = false;
};

// Every option by name, with a value in its range.
using MetricSettings = std::map<std::string, double>;

enum class MetricInput { kStates, kFixedPoints };

// The artifact of a network that a metric reads, and the folder of results that has it.
inline const char* RoleOf(MetricInput input) {
  return input == MetricInput::kStates ? "states" : "fixed_points";
}

struct MetricKind {
  const char* name;
  MetricInput input;
  std::vector<MetricOption> options;
  std::unique_ptr<Metric> (*make)(const MetricSettings& settings);
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_METRIC_H_
