// ‖A_1 − A_2‖_F of the fixed-point graphs of two networks, nodes in corresponding order.
#include <memory>
#include <utility>

#include "analysis/metric.h"
#include "analysis/topology/graph.h"
#include "analysis/topology/kinds.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {
namespace {

class FixedPointGraph : public Metric {
 public:
  absl::StatusOr<Prepared> Prepare(absl::string_view bytes,
                                   absl::string_view source) const override {
    auto archive = base::Archive::Decode(bytes, source);
    if (!archive.ok()) return archive.status();
    auto adjacency = LoadAdjacency(*archive, source);
    if (!adjacency.ok()) return adjacency.status();
    Prepared out;
    out.extent = adjacency->rows();
    out.rest = *std::move(adjacency);
    return out;
  }

  double Distance(const Prepared& a, const Prepared& b, const Matrix&) const override {
    return GraphDistance(a.rest, b.rest);
  }
};

}  // namespace

MetricKind FixedPointGraphKind() {
  // How the graphs were sampled, which is done when the distance is taken: only recorded.
  return {
      .name = "fixed_point_graph",
      .input = MetricInput::kFixedPoints,
      .options = {{.name = "runs", .fallback = 100, .min = 1, .max = 100000, .whole = true},
                  {.name = "epsilon", .fallback = 0.05, .min = 0, .max = 10, .above_min = true}},
      .make = [](const MetricSettings&) -> std::unique_ptr<Metric> {
        return std::make_unique<FixedPointGraph>();
      }};
}

}  // namespace rnnfarm::analysis
