#include "coordinator/comparison/separations.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/comparison/json_writer.h"

namespace rnnfarm::comparison {
namespace {

using LabelOf = std::function<std::string(const v1::Network&)>;
using Indices = std::vector<int>;

// A code for each of `members`: equal text, equal code.
std::vector<int> CodesOf(const std::vector<v1::Network>& networks, const Indices& members,
                         const LabelOf& label) {
  std::map<std::string, int> codes;
  std::vector<int> out;
  for (int member : members) {
    const int next = static_cast<int>(codes.size());
    out.push_back(codes.emplace(label(networks[member]), next).first->second);
  }
  return out;
}

std::string ConfigurationOf(const v1::Network& network) { return network.configuration(); }

Indices TrainedOf(const std::vector<v1::Network>& networks, const Indices& members) {
  Indices trained;
  for (int member : members) {
    if (!networks[member].untrained()) trained.push_back(member);
  }
  return trained.size() >= 2 ? trained : members;
}

// The distances between `members`, which are among the rows.
analysis::Matrix Between(const MetricDistances& distances, const Indices& members) {
  std::vector<int> positions;
  for (int member : members) {
    const auto at = std::lower_bound(distances.rows.begin(), distances.rows.end(), member);
    positions.push_back(static_cast<int>(at - distances.rows.begin()));
  }
  return distances.distances(positions, positions);
}

std::vector<std::pair<std::string, LabelOf>> Labels(const std::vector<v1::Network>& networks,
                                                    const Indices& members) {
  std::vector<std::pair<std::string, LabelOf>> labels = {
      {"architecture", [](const v1::Network& n) { return n.architecture(); }},
      {"activation", [](const v1::Network& n) { return n.activation(); }},
      {"units", [](const v1::Network& n) { return absl::StrCat(n.units()); }},
      {"l2", [](const v1::Network& n) { return ShortestText(n.l2()); }}};
  std::set<std::string> axes;
  for (int member : members) {
    for (const auto& [axis, value] : networks[member].axes()) axes.insert(axis);
  }
  for (const std::string& axis : axes) {
    labels.emplace_back(axis, [axis](const v1::Network& n) {
      const auto value = n.axes().find(axis);
      return value == n.axes().end() ? std::string() : ShortestText(value->second);
    });
  }
  return labels;
}

}  // namespace

Separations MeasureSeparations(const std::vector<v1::Network>& networks,
                               const MetricDistances& distances) {
  const Indices members = TrainedOf(networks, distances.rows);
  const analysis::Matrix between = Between(distances, members);
  const std::vector<int> configuration = CodesOf(networks, members, ConfigurationOf);
  Separations out;
  out.networks = static_cast<int>(members.size());
  for (const auto& [name, label] : Labels(networks, members)) {
    out.labels.push_back({name, analysis::MeasureSeparation(
                                    between, CodesOf(networks, members, label), configuration)});
  }
  return out;
}

Agreement MeasureAgreement(const std::vector<v1::Network>& networks, const MetricDistances& a,
                           const MetricDistances& b) {
  Indices both;
  std::set_intersection(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(),
                        std::back_inserter(both));
  const Indices members = TrainedOf(networks, both);
  return {static_cast<int>(members.size()),
          analysis::CorrelateDistances(Between(a, members), Between(b, members),
                                       CodesOf(networks, members, ConfigurationOf))};
}

}  // namespace rnnfarm::comparison
