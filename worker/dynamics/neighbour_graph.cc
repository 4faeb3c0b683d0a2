#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "worker/dynamics/graph.h"
#include "worker/dynamics/readout_order.h"

namespace rnnfarm::dynamics {

namespace {

double SquaredDistance(const FixedPoint& a, const FixedPoint& b, int64_t units) {
  const double* p = a.state.data_ptr<double>();
  const double* q = b.state.data_ptr<double>();
  double sum = 0;
  for (int64_t i = 0; i < units; ++i) sum += (p[i] - q[i]) * (p[i] - q[i]);
  return sum;
}

// An edge from each of the nodes first … last - 1 to the nearest of the others.
void ConnectNearest(const std::vector<FixedPoint>& points, int64_t units, size_t first, size_t last,
                    Graph& graph) {
  for (size_t i = first; i < last; ++i) {
    double least = std::numeric_limits<double>::infinity();
    size_t nearest = i;
    for (size_t j = first; j < last; ++j) {
      if (j == i) continue;
      const double distance =
          SquaredDistance(points[graph.nodes[i]], points[graph.nodes[j]], units);
      if (distance >= least) continue;
      least = distance;
      nearest = j;
    }
    if (nearest != i) graph.adjacency[i * graph.nodes.size() + nearest] = 1;
  }
}

// Smaller is preferred as the point inside an oscillation.
std::pair<bool, double> Preference(const FixedPoint& point) {
  const std::complex<double> leading = point.map.spectrum.values.front();
  const double readout =
      std::inner_product(point.readout.begin(), point.readout.end(), point.readout.begin(), 0.0);
  return {!(leading.imag() != 0 && std::abs(leading) > 1), readout};
}

std::vector<int> ByLabel(const std::vector<task::Condition>& conditions) {
  std::vector<int> order(conditions.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return conditions[a].label < conditions[b].label; });
  return order;
}

// The first output, by which the points of a context are ordered.
double FirstReadout(const FixedPoint& point) { return point.readout.front(); }

// Indices of the points of one condition, by readout.
std::vector<int64_t> PointsOf(const std::vector<FixedPoint>& points, int condition) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].condition == condition) out.push_back(static_cast<int64_t>(i));
  }
  std::stable_sort(out.begin(), out.end(), [&](int64_t a, int64_t b) {
    return FirstReadout(points[a]) < FirstReadout(points[b]);
  });
  return out;
}

// The quantile of ascending values, between neighbours linearly.
double Quantile(const std::vector<double>& sorted, double share) {
  const double at = share * (static_cast<double>(sorted.size()) - 1);
  const size_t below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<int64_t> Resample(const std::vector<FixedPoint>& points,
                              const std::vector<int64_t>& context) {
  std::vector<double> readouts;
  for (int64_t i : context) readouts.push_back(FirstReadout(points[i]));
  if (readouts.empty()) return {};
  const double tail = (1 - kCentralShare) / 2;
  std::vector<int64_t> out;
  for (int i : EvenlySpaced(readouts, Quantile(readouts, tail), Quantile(readouts, 1 - tail),
                            kNodesPerContext)) {
    out.push_back(context[i]);
  }
  return out;
}

}  // namespace

Graph GraphOverConditions(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                          const std::vector<task::Condition>& conditions) {
  Graph graph;
  for (int condition : ByLabel(conditions)) {
    int64_t best = -1;
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i].condition != condition || points[i].slow) continue;
      if (best < 0 || Preference(points[i]) < Preference(points[best])) {
        best = static_cast<int64_t>(i);
      }
    }
    if (best >= 0) graph.nodes.push_back(best);
  }
  graph.adjacency.assign(graph.nodes.size() * graph.nodes.size(), 0);
  graph.lost.assign(graph.nodes.size(), 0);
  ConnectNearest(points, network.spec.units, 0, graph.nodes.size(), graph);
  return graph;
}

Graph GraphWithinConditions(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                            const std::vector<task::Condition>& conditions) {
  Graph graph;
  std::vector<std::pair<size_t, size_t>> contexts;
  for (int condition : ByLabel(conditions)) {
    const std::vector<int64_t> nodes = Resample(points, PointsOf(points, condition));
    contexts.emplace_back(graph.nodes.size(), graph.nodes.size() + nodes.size());
    graph.nodes.insert(graph.nodes.end(), nodes.begin(), nodes.end());
  }
  graph.adjacency.assign(graph.nodes.size() * graph.nodes.size(), 0);
  graph.lost.assign(graph.nodes.size(), 0);
  for (const auto& [first, last] : contexts) {
    ConnectNearest(points, network.spec.units, first, last, graph);
  }
  return graph;
}

}  // namespace rnnfarm::dynamics
