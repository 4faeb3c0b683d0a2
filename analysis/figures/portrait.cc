#include "analysis/figures/portrait.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analysis/figures/panel.h"

namespace rnnfarm::figures {
namespace {

// Rows of the folder's networks, one an architecture and activation.
std::vector<int> ChooseNetworks(const ResultsFolder& folder, const std::string& task) {
  std::map<std::pair<std::string, std::string>, int> best;
  const std::vector<Network>& all = folder.networks();
  const auto worth = [&](int i) {
    const double loss = all[i].validation_loss;
    return std::make_tuple(!all[i].included,
                           std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss,
                           absl::string_view(all[i].key));
  };
  for (size_t i = 0; i < all.size(); ++i) {
    const Network& n = all[i];
    if (n.task != task || n.untrained || n.failed()) continue;
    if (!folder.Has(ResultsFolder::NetworkPath(n, "states", ".npy"))) continue;
    const int row = static_cast<int>(i);
    const auto [at, is_new] = best.emplace(std::make_pair(n.architecture, n.activation), row);
    if (!is_new && worth(row) < worth(at->second)) at->second = row;
  }
  std::vector<int> chosen;
  for (const auto& [group, row] : best) chosen.push_back(row);
  std::sort(chosen.begin(), chosen.end(),
            [&](int a, int b) { return StandsBefore(all[a], all[b]); });
  return chosen;
}

// `count` of 0 … total - 1, evenly spread, the first and last among them.
std::vector<int64_t> Spread(int64_t total, int64_t count) {
  std::vector<int64_t> out;
  count = std::min(total, count);
  for (int64_t i = 0; i < count; ++i) {
    out.push_back(count == 1 ? 0 : i * (total - 1) / (count - 1));
  }
  return out;
}

absl::StatusOr<Portrait> DrawOne(const ResultsFolder& folder, int network) {
  const std::string path = ResultsFolder::NetworkPath(folder.networks()[network], "states", ".npy");
  absl::StatusOr<base::Array> states = folder.ReadArray(path);
  if (!states.ok()) return states.status();
  if (states->shape.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is ", states->Describe(), ", not trials x time x units"));
  }
  absl::StatusOr<std::vector<double>> values = states->ToDoubles();
  if (!values.ok()) return values.status();
  const int64_t trials = states->shape[0], steps = states->shape[1], units = states->shape[2];
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::MatrixXd samples = Eigen::Map<const RowMajor>(values->data(), trials * steps, units);
  absl::StatusOr<PrincipalComponents> components = FitPrincipalComponents(samples, kPortraitDims);
  if (!components.ok()) {
    return absl::Status(components.status().code(),
                        absl::StrCat(path, ": ", components.status().message()));
  }
  Portrait portrait;
  portrait.network = network;
  portrait.components = *std::move(components);
  const Eigen::MatrixXd projected = portrait.components.Project(samples);
  const std::vector<int64_t> drawn_trials = Spread(trials, kMaxDrawnTrials);
  const std::vector<int64_t> drawn_steps = Spread(steps, kMaxDrawnSteps);
  portrait.trials = static_cast<int>(drawn_trials.size());
  portrait.steps = static_cast<int>(drawn_steps.size());
  portrait.dims = static_cast<int>(projected.cols());
  for (const int64_t trial : drawn_trials) {
    for (const int64_t step : drawn_steps) {
      for (int64_t d = 0; d < projected.cols(); ++d) {
        portrait.points.push_back(static_cast<float>(projected(trial * steps + step, d)));
      }
    }
  }
  return portrait;
}

}  // namespace

Portraits DrawPortraits(const ResultsFolder& folder, const std::string& task) {
  Portraits portraits;
  const std::vector<int> chosen = ChooseNetworks(folder, task);
  for (size_t i = 0; i < chosen.size() && i < kMaxPortraits; ++i) {
    absl::StatusOr<Portrait> portrait = DrawOne(folder, chosen[i]);
    if (portrait.ok()) {
      portraits.shown.push_back(*std::move(portrait));
    } else {
      portraits.notes.push_back(absl::StrCat("Not drawn: ", portrait.status().message(), "."));
    }
  }
  if (chosen.size() > kMaxPortraits) {
    portraits.notes.push_back(absl::StrCat("The first ", kMaxPortraits, " of ", chosen.size(),
                                           " kinds of network are drawn."));
  }
  return portraits;
}

}  // namespace rnnfarm::figures
