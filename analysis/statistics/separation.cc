#include "analysis/statistics/separation.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

// Sums of squares that differ by less than this share are one partition summed in another order.
constexpr double kSameSum = 1e-12;

struct Grouping {
  std::vector<int> group;  // of each row, from 0
  std::vector<int> size;   // of each group
  int count() const { return static_cast<int>(size.size()); }
};

Grouping GroupBy(absl::Span<const int> codes) {
  Grouping out;
  std::map<int, int> index;
  for (int code : codes) {
    const int group = index.emplace(code, static_cast<int>(index.size())).first->second;
    if (group == out.count()) out.size.push_back(0);
    ++out.size[group];
    out.group.push_back(group);
  }
  return out;
}

double Silhouette(const Matrix& distances, const Grouping& labels) {
  const Eigen::Index n = distances.rows();
  double sum = 0;
  std::vector<double> to_group(labels.count());
  for (Eigen::Index i = 0; i < n; ++i) {
    const int own = labels.group[i];
    if (labels.size[own] == 1) continue;
    std::fill(to_group.begin(), to_group.end(), 0.0);
    for (Eigen::Index j = 0; j < n; ++j) to_group[labels.group[j]] += distances(j, i);
    const double within = to_group[own] / (labels.size[own] - 1);
    double nearest = std::numeric_limits<double>::infinity();
    for (int g = 0; g < labels.count(); ++g) {
      if (g != own) nearest = std::min(nearest, to_group[g] / labels.size[g]);
    }
    const double larger = std::max(within, nearest);
    if (larger > 0) sum += (nearest - within) / larger;
  }
  return sum / static_cast<double>(n);
}

// Of equally near neighbours, the share with the same label: the order of the rows must not count.
double NeighbourAccuracy(const Matrix& distances, const Grouping& labels) {
  const Eigen::Index n = distances.rows();
  double right = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    double nearest = std::numeric_limits<double>::infinity();
    int alike = 0, all = 0;
    for (Eigen::Index j = 0; j < n; ++j) {
      if (j == i || distances(j, i) > nearest) continue;
      if (distances(j, i) < nearest) alike = all = 0;
      nearest = distances(j, i);
      ++all;
      if (labels.group[j] == labels.group[i]) ++alike;
    }
    if (all > 0) right += static_cast<double>(alike) / all;
  }
  return right / static_cast<double>(n);
}

double NeighbourChance(const Grouping& labels) {
  const double n = static_cast<double>(labels.group.size());
  double chance = 0;
  for (int size : labels.size) chance += size / n * (size - 1) / (n - 1);
  return chance;
}

// Squared distances summed over the pairs of networks of two configurations; each pair of one and
// the same configuration counts twice on the diagonal. Permutations then cost configurations² each.
Matrix SquaresBetween(const Matrix& distances, const Grouping& configurations) {
  Matrix sums = Matrix::Zero(configurations.count(), configurations.count());
  for (Eigen::Index j = 0; j < distances.cols(); ++j) {
    for (Eigen::Index i = 0; i < distances.rows(); ++i) {
      sums(configurations.group[i], configurations.group[j]) += distances(i, j) * distances(i, j);
    }
  }
  return sums;
}

// Σ over groups of the squares within, divided by the group's number of networks. `label` is of
// configurations, `sizes` the number of networks of each.
double SquaresWithin(const Matrix& squares, const std::vector<int>& label,
                     const std::vector<int>& sizes, int groups) {
  std::vector<double> within(groups, 0.0), networks(groups, 0.0);
  for (size_t b = 0; b < label.size(); ++b) {
    networks[label[b]] += sizes[b];
    for (size_t a = 0; a < label.size(); ++a) {
      if (label[a] == label[b]) within[label[b]] += squares(a, b);
    }
  }
  double sum = 0;
  for (int g = 0; g < groups; ++g) sum += 0.5 * within[g] / networks[g];
  return sum;
}

// The label of each configuration, or nothing where one has several.
std::optional<std::vector<int>> LabelsOf(const Grouping& configurations, const Grouping& labels) {
  std::vector<int> out(configurations.count(), -1);
  for (size_t i = 0; i < labels.group.size(); ++i) {
    int& label = out[configurations.group[i]];
    if (label >= 0 && label != labels.group[i]) return std::nullopt;
    label = labels.group[i];
  }
  return out;
}

// F grows as the squares within shrink, the numbers of groups and networks being the same; so the
// squares stand for F here.
double PermutationP(const Matrix& squares, double within, std::vector<int> label,
                    const std::vector<int>& sizes, int groups, int permutations) {
  const base::StreamKey key = base::DeriveStream(0, "permanova", "permutations");
  int at_least = 0;
  for (int p = 0; p < permutations; ++p) {
    base::RandomStream stream(key, p);
    for (size_t i = label.size(); i > 1; --i) {
      std::swap(label[i - 1], label[stream.Below(static_cast<uint32_t>(i))]);
    }
    if (SquaresWithin(squares, label, sizes, groups) <= within * (1 + kSameSum)) ++at_least;
  }
  return (1.0 + at_least) / (1.0 + permutations);
}

void MeasurePermanova(const Matrix& distances, const Grouping& labels,
                      const Grouping& configurations, int permutations, Separation& out) {
  const double n = static_cast<double>(distances.rows());
  const double total = 0.5 * distances.squaredNorm() / n;
  if (total <= 0) return;
  const Matrix by_label = SquaresBetween(distances, labels);
  double within = 0;
  for (int g = 0; g < labels.count(); ++g) within += 0.5 * by_label(g, g) / labels.size[g];
  out.r_squared = 1 - within / total;
  if (within > 0) {
    out.pseudo_f = ((total - within) / (labels.count() - 1)) / (within / (n - labels.count()));
  }
  const auto label = LabelsOf(configurations, labels);
  if (!label) return;
  out.p_value = PermutationP(SquaresBetween(distances, configurations), within, *label,
                             configurations.size, labels.count(), permutations);
}

}  // namespace

Separation MeasureSeparation(const Matrix& distances, absl::Span<const int> labels,
                             absl::Span<const int> configuration, int permutations) {
  const Grouping grouping = GroupBy(labels);
  Separation out;
  out.groups = grouping.count();
  const bool defined = out.groups >= 2 && out.groups < distances.rows();
  if (!defined) return out;
  out.silhouette = Silhouette(distances, grouping);
  out.neighbour_accuracy = NeighbourAccuracy(distances, grouping);
  out.neighbour_chance = NeighbourChance(grouping);
  MeasurePermanova(distances, grouping, GroupBy(configuration), permutations, out);
  return out;
}

}  // namespace rnnfarm::analysis
