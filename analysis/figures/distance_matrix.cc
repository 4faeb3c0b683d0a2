#include "analysis/figures/distance_matrix.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/figures/panel.h"

namespace rnnfarm::figures {
namespace {

// The networks of an index; one that networks.csv lacks has its key alone.
std::vector<Network> NetworksOf(const ResultsFolder& folder, const Index& index) {
  std::vector<Network> out;
  for (size_t i = 0; i < index.keys.size(); ++i) {
    Network unknown;
    unknown.key = index.keys[i];
    out.push_back(index.networks[i] < 0 ? unknown : folder.networks()[index.networks[i]]);
  }
  return out;
}

}  // namespace

std::string DistancesPath(const std::string& task, const std::string& metric) {
  return absl::StrCat(task, "/distances/", metric, ".npy");
}

absl::StatusOr<DistanceMatrix> ReadDistances(const ResultsFolder& folder, const std::string& task,
                                             const std::string& metric) {
  absl::StatusOr<Index> index = folder.ReadIndex(task, metric);
  if (!index.ok()) return index.status();
  const std::string path = DistancesPath(task, metric);
  absl::StatusOr<base::Array> array = folder.ReadArray(path);
  if (!array.ok()) return array.status();
  const int64_t n = static_cast<int64_t>(index->keys.size());
  if (array->shape != std::vector<int64_t>{n, n}) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is ", array->Describe(), ", its index names ", n, " networks"));
  }
  if (const auto values = array->As<float>(); !values.ok()) return values.status();
  if (n < 2) return absl::NotFoundError("a comparison needs two networks");
  DistanceMatrix matrix;
  matrix.array = *std::move(array);
  matrix.networks = NetworksOf(folder, *index);
  matrix.order.resize(n);
  std::iota(matrix.order.begin(), matrix.order.end(), 0);
  std::stable_sort(matrix.order.begin(), matrix.order.end(), [&](int a, int b) {
    return StandsBefore(matrix.networks[a], matrix.networks[b]);
  });
  return matrix;
}

}  // namespace rnnfarm::figures
