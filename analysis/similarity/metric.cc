#include "analysis/similarity/metric.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/for_each_index.h"
#include "analysis/similarity/cka.h"
#include "analysis/similarity/procrustes.h"
#include "analysis/similarity/svcca.h"

namespace rnnfarm::analysis {
namespace {

using Options = std::map<std::string, double>;

constexpr double kDefaultVariance = 0.95;

absl::Status OnlyOptions(absl::string_view metric, const Options& options,
                         const std::vector<std::string>& known) {
  for (const auto& [name, value] : options) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("metric ", metric, " has no option ", name,
                       known.empty() ? "; it takes none"
                                     : absl::StrCat("; it takes ", absl::StrJoin(known, ", "))));
    }
  }
  return absl::OkStatus();
}

double OptionOr(const Options& options, const std::string& name, double otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

absl::StatusOr<bool> Switch(const Options& options, const std::string& name) {
  const double value = OptionOr(options, name, 0);
  if (value != 0 && value != 1) {
    return absl::InvalidArgumentError(absl::StrCat("option ", name, " is ", value, "; use 0 or 1"));
  }
  return value == 1;
}

absl::StatusOr<std::unique_ptr<Metric>> MakeSvcca(const Options& options) {
  if (auto status = OnlyOptions("svcca", options, {"variance"}); !status.ok()) return status;
  const double variance = OptionOr(options, "variance", kDefaultVariance);
  if (!(variance > 0 && variance <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("svcca: variance is ", variance, "; it is a share, above 0 and at most 1"));
  }
  return std::make_unique<Svcca>(variance);
}

absl::StatusOr<std::unique_ptr<Metric>> MakeCka(const Options& options) {
  if (auto status = OnlyOptions("cka", options, {"debiased", "angular"}); !status.ok()) {
    return status;
  }
  auto debiased = Switch(options, "debiased");
  if (!debiased.ok()) return debiased.status();
  auto angular = Switch(options, "angular");
  if (!angular.ok()) return angular.status();
  return std::make_unique<Cka>(*debiased, *angular);
}

}  // namespace

const std::vector<std::string>& MetricNames() {
  static const auto& names = *new std::vector<std::string>{"svcca", "cka", "procrustes"};
  return names;
}

absl::StatusOr<std::unique_ptr<Metric>> MakeMetric(absl::string_view name, const Options& options) {
  if (name == "svcca") return MakeSvcca(options);
  if (name == "cka") return MakeCka(options);
  if (name == "procrustes") {
    if (auto status = OnlyOptions(name, options, {}); !status.ok()) return status;
    return std::make_unique<Procrustes>();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown metric ", name, "; there are ", absl::StrJoin(MetricNames(), ", ")));
}

std::vector<double> Distances(const Metric& metric,
                              const std::vector<std::pair<const Prepared*, const Prepared*>>& pairs,
                              int threads) {
  std::vector<double> out(pairs.size());
  ForEachIndex(static_cast<int64_t>(pairs.size()), threads,
               [&](int64_t i) { out[i] = metric.Distance(*pairs[i].first, *pairs[i].second); });
  return out;
}

Matrix AllPairs(const Metric& metric, const std::vector<std::unique_ptr<Prepared>>& prepared,
                int threads) {
  const int64_t n = static_cast<int64_t>(prepared.size());
  Matrix out = Matrix::Zero(n, n);
  // Row by row of the upper triangle: the mirror image is copied, so that both halves are equal.
  ForEachIndex(n, threads, [&](int64_t i) {
    for (int64_t j = i + 1; j < n; ++j) {
      out(i, j) = out(j, i) = metric.Distance(*prepared[i], *prepared[j]);
    }
  });
  return out;
}

}  // namespace rnnfarm::analysis
