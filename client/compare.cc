#include "client/compare.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

const char* FolderOf(analysis::MetricInput input) {
  return input == analysis::MetricInput::kStates ? "states" : "fixed_points";
}

const char* UnitOf(analysis::MetricInput input) {
  return input == analysis::MetricInput::kStates ? "samples" : "nodes";
}

// The networks of a task's folder, in the order of their keys.
absl::StatusOr<std::vector<Participant>> NetworksOf(const std::string& folder,
                                                    analysis::MetricInput input) {
  const fs::path of_metric = fs::path(folder) / FolderOf(input);
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

}  // namespace

absl::StatusOr<Comparison> Compare(const CompareRequest& request) {
  const auto kind = analysis::FindMetric(request.metric);
  if (!kind.ok()) return kind.status();
  const auto settings = analysis::CompleteSettings(**kind, request.options);
  if (!settings.ok()) return settings.status();
  const auto participants = Participants(request, (*kind)->input);
  if (!participants.ok()) return participants.status();
  const std::unique_ptr<analysis::Metric> metric = (*kind)->make(*settings);
  const auto input = MakeInput(
      *participants, *metric,
      absl::StrCat(request.metric, " ", absl::StrJoin(*settings, " ", absl::PairFormatter("="))));
  if (!input.ok()) return input.status();
  const analysis::Scratch scratch(request.scratch);
  auto all =
      analysis::MeasureAllPairs(*input, {.threads = request.threads,
                                         .memory_bytes = request.memory_bytes,
                                         .scratch = request.scratch.empty() ? nullptr : &scratch,
                                         .share_done = request.share_done});
  if (!all.ok()) return all.status();
  Comparison out;
  out.metric = request.metric;
  out.settings = *settings;
  std::vector<int> compared;
  for (size_t i = 0; i < participants->size(); ++i) {
    const bool is_file = i < request.files.size();
    std::string obstacle =
        Obstacle(*participants, all->members, *metric, UnitOf((*kind)->input), i);
    if (obstacle.empty()) {
      compared.push_back(static_cast<int>(i));
      out.labels.push_back((*participants)[i].label);
      out.files += is_file;
    } else if (is_file) {
      return absl::InvalidArgumentError(obstacle);
    } else {
      out.left_out.emplace_back((*participants)[i].label, std::move(obstacle));
    }
  }
  if (compared.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("none of the networks of ", request.with,
                     " can be compared with the files: ", out.left_out.front().second));
  }
  out.distances = all->distances(compared, compared);
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
