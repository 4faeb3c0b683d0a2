// ‖A_1 − A_2‖_F of the fixed-point graphs of two networks, nodes in corresponding order.
#include <memory>
#include <utility>

#include "analysis/metric.h"
#include "analysis/topology/graph.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {
namespace {

class FixedPointGraph : public Metric {
 public:
  absl::StatusOr<Prepared> Prepare(absl::string_view bytes,
                                   absl::string_view source) const override {
    auto archive = base::Archive::Decode(bytes, source);
    if (!archive.ok()) return archive.status();
    auto graph = LoadGraph(*archive, source);
    if (!graph.ok()) return graph.status();
    Prepared out;
    out.extent = graph->adjacency.rows();
    out.rest = std::move(graph->adjacency);
    return out;
  }

  double Distance(const Prepared& a, const Prepared& b, const Matrix&) const override {
    return (a.rest - b.rest).norm();
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
