#include "analysis/topology/graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <complex>

#include "absl/strings/str_cat.h"

namespace rnnfarm::analysis {
namespace {

// Beyond it costs and walks of graphs have no place in a float64, and no network that was trained
// comes near.
constexpr double kLargest = 1e6;

bool WithinLimit(const Matrix& values) {
  return values.size() == 0 || values.cwiseAbs().maxCoeff<Eigen::PropagateNaN>() <= kLargest;
}

absl::Status Refused(absl::string_view source, absl::string_view array, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", array, " ", what));
}

absl::StatusOr<std::vector<double>> LoadNumbers(const base::Archive& archive,
                                                absl::string_view source, absl::string_view name,
                                                absl::Span<const int64_t> shape) {
  auto array = archive.Find(name, shape);
  if (!array.ok()) return array.status();
  auto values = (*array)->ToDoubles();
  if (!values.ok()) return Refused(source, name, values.status().message());
  return values;
}

// The largest |λ| of each point: the values of a point are sorted by modulus.
absl::StatusOr<std::vector<double>> LoadLeadingModuli(const base::Archive& archive,
                                                      absl::string_view source, int64_t points) {
  auto array = archive.Find("eigval_J_xstar", {points, -1});
  if (!array.ok()) return array.status();
  auto values = (*array)->As<std::complex<double>>();
  if (!values.ok()) return Refused(source, "eigval_J_xstar", values.status().message());
  const int64_t size = (*array)->shape[1];
  if (size == 0) return Refused(source, "eigval_J_xstar", "has no columns");
  std::vector<double> out;
  for (int64_t i = 0; i < points; ++i) out.push_back(std::abs((*values)[i * size]));
  return out;
}

// Points x features.
absl::StatusOr<Matrix> LoadPointFeatures(const base::Archive& archive, absl::string_view source) {
  auto readout = archive.Find("readout", {-1, -1});
  if (!readout.ok()) return readout.status();
  const int64_t points = (*readout)->shape[0], outputs = (*readout)->shape[1];
  auto readouts = LoadNumbers(archive, source, "readout", {points, outputs});
  if (!readouts.ok()) return readouts.status();
  auto unstable = LoadNumbers(archive, source, "n_unstable", {points});
  if (!unstable.ok()) return unstable.status();
  auto moduli = LoadLeadingModuli(archive, source, points);
  if (!moduli.ok()) return moduli.status();
  Matrix out(points, outputs + 2);
  out.leftCols(outputs) =
      Eigen::Map<const RowMajor>(readouts->data(), points, outputs).array().round();
  out.col(outputs) = Eigen::Map<const Vector>(unstable->data(), points);
  out.col(outputs + 1) = Eigen::Map<const Vector>(moduli->data(), points);
  return out;
}

absl::StatusOr<Matrix> LoadFeatures(const base::Archive& archive, absl::string_view source,
                                    int64_t nodes) {
  for (const char* name : {"node_point", "readout", "n_unstable", "eigval_J_xstar"}) {
    if (!archive.Has(name)) return Matrix(nodes, 0);
  }
  auto points = LoadPointFeatures(archive, source);
  if (!points.ok()) return points.status();
  auto rows = LoadNumbers(archive, source, "node_point", {nodes});
  if (!rows.ok()) return rows.status();
  Matrix out(nodes, points->cols());
  for (int64_t i = 0; i < nodes; ++i) {
    const double row = (*rows)[i];
    if (!(row >= 0 && row < points->rows())) {
      return Refused(source, "node_point",
                     absl::StrCat("names point ", row, " of ", points->rows()));
    }
    out.row(i) = points->row(static_cast<Eigen::Index>(row));
  }
  if (!WithinLimit(out)) {
    return absl::InvalidArgumentError(
        absl::StrCat(source,
                     ": readout, n_unstable or eigval_J_xstar holds NaN, infinite values "
                     "or some beyond 1e6"));
  }
  return out;
}

}  // namespace

absl::StatusOr<Matrix> LoadAdjacency(const base::Archive& archive, absl::string_view source) {
  auto array = archive.Find("transitions", {-1, -1});
  if (!array.ok()) return array.status();
  const auto& shape = (*array)->shape;
  if (shape[0] != shape[1]) {
    return Refused(source, "transitions",
                   absl::StrCat("is ", (*array)->Describe(), ", expected as many rows as columns"));
  }
  if (shape[0] == 0) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": the graph has no nodes"));
  }
  auto values = (*array)->ToDoubles();
  if (!values.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": transitions: ", values.status().message()));
  }
  Matrix adjacency = Eigen::Map<const RowMajor>(values->data(), shape[0], shape[1]);
  if (!WithinLimit(adjacency)) {
    return Refused(source, "transitions", "holds NaN, infinite values or some beyond 1e6");
  }
  return adjacency;
}

absl::StatusOr<Graph> LoadGraph(const base::Archive& archive, absl::string_view source) {
  auto adjacency = LoadAdjacency(archive, source);
  if (!adjacency.ok()) return adjacency.status();
  auto features = LoadFeatures(archive, source, adjacency->rows());
  if (!features.ok()) return features.status();
  return Graph{*std::move(adjacency), *std::move(features)};
}

double GraphDistance(const Matrix& a, const Matrix& b) {
  assert(a.rows() == b.rows());
  return (a - b).norm();
}

double SamplingFloor(const Matrix& adjacency, int runs) {
  assert(runs >= 2);
  // An entry has the variance p (1 − p) / runs, and p̂ (1 − p̂) / (runs − 1) estimates it without
  // bias. Runs that were lost are an outcome without an entry: they only lower the others.
  const double variances =
      (adjacency.array() * (1 - adjacency.array())).cwiseMax(0.0).sum() / (runs - 1);
  return std::sqrt(2 * variances);
}

}  // namespace rnnfarm::analysis
