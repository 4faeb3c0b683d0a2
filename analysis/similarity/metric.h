// Distances between representations, by name. A metric prepares each network once (the expensive
// part: centring, a thin SVD) and compares prepared ones pairwise.
//
//   auto metric = MakeMetric("svcca", {{"variance", 0.95}});
//   auto a = (*metric)->Prepare(x), b = (*metric)->Prepare(y);
//   double d = (*metric)->Distance(*a, *b);
//
// Metrics are immutable and thread-safe.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_METRIC_H_
#define RNNFARM_ANALYSIS_SIMILARITY_METRIC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

class Prepared {
 public:
  virtual ~Prepared() = default;
  // Memory that it holds, for those who must bound it.
  virtual int64_t bytes() const = 0;
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual absl::string_view name() const = 0;
  // x: samples x units, as LoadRepresentation gives it.
  virtual absl::StatusOr<std::unique_ptr<Prepared>> Prepare(const Matrix& x) const = 0;
  // Both from Prepare of this metric, with equally many samples.
  virtual double Distance(const Prepared& a, const Prepared& b) const = 0;
};

// "svcca" {variance: share kept, in (0, 1], default 0.95}, "cka" {debiased: 0 or 1, default 0;
// angular: 0 or 1, default 0}, "procrustes" {}. INVALID_ARGUMENT lists the names, or the options.
absl::StatusOr<std::unique_ptr<Metric>> MakeMetric(
    absl::string_view name, const std::map<std::string, double>& options = {});
const std::vector<std::string>& MetricNames();

// The distances of pairs, in their order, the same bytes for any number of threads.
std::vector<double> Distances(const Metric& metric,
                              const std::vector<std::pair<const Prepared*, const Prepared*>>& pairs,
                              int threads);

// Symmetric, zero diagonal, the same bytes for any number of threads.
Matrix AllPairs(const Metric& metric, const std::vector<std::unique_ptr<Prepared>>& prepared,
                int threads);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_METRIC_H_
