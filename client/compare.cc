#include "client/compare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/metric_registry.h"
#include "base/array_file.h"
#include "base/digest.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

// A file that takes part.
struct Participant {
  std::string path, label;
};

const char* UnitOf(analysis::MetricInput input) {
  return input == analysis::MetricInput::kStates ? "samples" : "nodes";
}

// The networks of a task's folder, in the order of their keys.
absl::StatusOr<std::vector<Participant>> NetworksOf(const std::string& folder,
                                                    analysis::MetricInput input) {
  const fs::path of_metric = fs::path(folder) / analysis::RoleOf(input);
  std::vector<Participant> networks;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(of_metric, error)) {
    const std::string extension = entry.path().extension();
    if (extension != ".npy" && extension != ".npz") continue;
    networks.push_back({entry.path(), entry.path().stem()});
  }
  std::sort(networks.begin(), networks.end(),
            [](const Participant& a, const Participant& b) { return a.label < b.label; });
  if (!networks.empty()) return networks;
  return absl::InvalidArgumentError(absl::StrCat(
      folder, " holds no networks: there is no file in ", of_metric.string(),
      "; --with takes the folder of a task in a sweep's results, such as results/my/flipflop"));
}

absl::StatusOr<std::vector<Participant>> Participants(const CompareRequest& request,
                                                      analysis::MetricInput input) {
  std::vector<Participant> out;
  for (const std::string& file : request.files) out.push_back({file, file});
  if (!request.with.empty()) {
    auto networks = NetworksOf(request.with, input);
    if (!networks.ok()) return networks.status();
    out.insert(out.end(), networks->begin(), networks->end());
  }
  if (out.size() >= 2) return out;
  return absl::InvalidArgumentError(
      "compare takes at least two files, or one and --with the networks of a sweep");
}

absl::StatusOr<std::string> ReadBytes(const std::string& path) {
  auto bytes = base::ReadFile(path);
  // An argument that names no file is wrong usage.
  if (!bytes.ok()) return absl::InvalidArgumentError(bytes.status().message());
  return bytes;
}

absl::StatusOr<analysis::PairwiseInput> MakeInput(const std::vector<Participant>& participants,
                                                  const analysis::Metric& metric,
                                                  std::string identity) {
  analysis::PairwiseInput input;
  input.metric = &metric;
  input.identity = std::move(identity);
  for (const Participant& participant : participants) {
    auto bytes = ReadBytes(participant.path);
    if (!bytes.ok()) return bytes.status();
    input.files.push_back({participant.path, base::DigestOf(*bytes), ""});
  }
  input.read = [&participants](int i) { return ReadBytes(participants[i].path); };
  return input;
}

// Why participant `i` cannot be compared with the first file; empty if it can.
std::string Obstacle(const std::vector<Participant>& participants,
                     const std::vector<analysis::Member>& members, const analysis::Metric& metric,
                     const char* unit, size_t i) {
  if (!members[i].reason.empty()) return members[i].reason;
  if (!metric.EqualExtents() || members[i].extent == members[0].extent) return "";
  return absl::StrCat(participants[i].label, " has ", members[i].extent, " ", unit, ", ",
                      participants[0].label, " has ", members[0].extent,
                      "; all must be of the same probe in the same order");
}

// Who is compared and who of the sweep is left out.
Comparison Sorted(
    const CompareRequest& request, const std::vector<Participant>& participants,
    const analysis::PairwiseResult& all,
    const std::function<std::string(const std::vector<analysis::Member>&, size_t)>& obstacle) {
  Comparison out;
  std::vector<int> compared;
  for (size_t i = 0; i < participants.size(); ++i) {
    const bool is_file = i < request.files.size();
    std::string reason = obstacle(all.members, i);
    if (reason.empty() && !is_file && !std::isfinite(all.distances(0, i))) {
      reason = absl::StrCat("it has no distance to ", participants[0].label);
    }
    if (!reason.empty()) {
      out.left_out.emplace_back(participants[i].label, std::move(reason));
      continue;
    }
    compared.push_back(static_cast<int>(i));
    out.labels.push_back(participants[i].label);
    out.files += is_file;
  }
  out.distances = all.distances(compared, compared);
  return out;
}

}  // namespace

absl::StatusOr<Comparison> Compare(const CompareRequest& request) {
  const auto kind = analysis::FindMetric(request.metric);
  if (!kind.ok()) return kind.status();
  const auto settings = analysis::CompleteSettings(**kind, request.options);
  if (!settings.ok()) return settings.status();
  const auto participants = Participants(request, (*kind)->input);
  if (!participants.ok()) return participants.status();
  const std::unique_ptr<analysis::Metric> metric = (*kind)->make(*settings);
  const auto input = MakeInput(*participants, *metric, analysis::IdentityOf(**kind, *settings));
  if (!input.ok()) return input.status();
  const analysis::Scratch scratch(request.scratch);
  const auto obstacle = [&, unit = UnitOf((*kind)->input)](const auto& members, size_t i) {
    return Obstacle(*participants, members, *metric, unit, i);
  };
  analysis::PairwiseOptions options{.threads = request.threads,
                                    .memory_bytes = request.memory_bytes,
                                    .scratch = request.scratch.empty() ? nullptr : &scratch,
                                    .share_done = request.share_done};
  options.accept = [&](const auto& members) {
    for (size_t i = 0; i < request.files.size(); ++i) {
      const std::string found = obstacle(members, i);
      if (!found.empty()) return absl::InvalidArgumentError(found);
    }
    return absl::OkStatus();
  };
  const auto all = analysis::MeasureAllPairs(*input, options);
  // Nothing to go on with.
  if (absl::IsInvalidArgument(all.status())) scratch.Remove();
  if (!all.ok()) return all.status();
  Comparison out = Sorted(request, *participants, *all, obstacle);
  out.metric = request.metric;
  out.settings = *settings;
  if (out.labels.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("none of the networks of ", request.with,
                     " can be compared with the files: ", out.left_out.front().second));
  }
  if (!out.distances.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrCat("some of the files have no distance by ", request.metric,
                     ": their fixed points have other features; compare networks of one task"));
  }
  return out;
}

std::vector<int> NearestTo(const Comparison& comparison, int file) {
  const int all = static_cast<int>(comparison.labels.size());
  const bool with_sweep = all > comparison.files;
  std::vector<int> others;
  for (int i = with_sweep ? comparison.files : 0; i < all; ++i) {
    if (i != file) others.push_back(i);
  }
  std::stable_sort(others.begin(), others.end(), [&](int a, int b) {
    return comparison.distances(file, a) < comparison.distances(file, b);
  });
  others.resize(std::min<size_t>(others.size(), kNearestTold));
  return others;
}

}  // namespace rnnfarm::client
