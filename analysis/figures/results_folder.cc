#include "analysis/figures/results_folder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/sweep_text.h"

namespace rnnfarm::figures {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Number(absl::string_view text) {
  double value = kNone;
  return absl::SimpleAtod(text, &value) ? value : kNone;
}

bool Truth(absl::string_view text) {
  bool value = false;
  return absl::SimpleAtob(text, &value) && value;
}

bool IsFileName(absl::string_view name) {
  return !name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/') &&
         !absl::StrContains(name, '\0');
}

void CollectNames(const std::filesystem::path& folder, absl::string_view extension,
                  std::set<std::string>& names) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == std::string(extension)) names.insert(entry.path().stem());
  }
}

}  // namespace

bool Network::failed() const {
  const std::string lower = absl::AsciiStrToLower(state);
  return absl::StrContains(lower, "failed") || absl::StrContains(lower, "diverged") ||
         absl::StrContains(lower, "cancelled");
}

bool IsGraphMetric(absl::string_view metric) {
  return metric == "fixed_point_graph" || metric == "gromov_wasserstein";
}

absl::StatusOr<ResultsFolder> ResultsFolder::Open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, " is no folder; name one that pull has filled"));
  }
  ResultsFolder folder;
  folder.path_ = path;
  if (absl::Status status = folder.ReadNetworks(); !status.ok()) return status;
  folder.ReadProvenance();
  return folder;
}

absl::Status ResultsFolder::ReadNetworks() {
  if (!Has("networks.csv")) {
    return absl::NotFoundError(
        absl::StrCat(path_, "/networks.csv is missing; pull the sweep's tables first"));
  }
  absl::StatusOr<std::string> text = Read("networks.csv");
  if (!text.ok()) return text.status();
  absl::StatusOr<Table> table = ParseTable(*text, absl::StrCat(path_, "/networks.csv"));
  if (!table.ok()) return table.status();
  for (absl::string_view column : {"key", "task", "architecture", "activation"}) {
    if (table->Column(column) < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, "/networks.csv lacks the column ", column));
    }
  }
  table_ = *std::move(table);
  for (size_t i = 0; i < table_.rows.size(); ++i) {
    const auto cell = [&](absl::string_view column) { return std::string(table_.Cell(i, column)); };
    Network n{cell("key"),        cell("task"),  cell("architecture"),
              cell("activation"), cell("state"), cell("excluded_reason")};
    n.units = Number(cell("units"));
    n.l2 = Number(cell("l2"));
    n.seed = Number(cell("seed"));
    n.untrained = Truth(cell("untrained"));
    n.included = Truth(cell("included"));
    n.validation_loss = Number(cell("validation_loss"));
    by_key_.emplace(std::make_pair(n.task, n.key), static_cast<int>(i));
    if (std::find(tasks_.begin(), tasks_.end(), n.task) == tasks_.end()) tasks_.push_back(n.task);
    networks_.push_back(std::move(n));
  }
  return absl::OkStatus();
}

void ResultsFolder::ReadProvenance() {
  if (absl::StatusOr<std::string> manifest = Read("manifest.json"); manifest.ok()) {
    std::map<std::string, std::string> strings = TopLevelStrings(*manifest);
    provenance_ = {strings["sweep"], strings["spec_digest"], strings["build"]};
  }
  if (absl::StatusOr<std::string> text = Read("sweep.textproto"); text.ok()) {
    SweepText sweep = ScanSweep(*text);
    if (provenance_.sweep.empty()) provenance_.sweep = sweep.name;
    kinds_ = std::move(sweep.kind);
  }
}

std::string ResultsFolder::KindOf(const std::string& task) const {
  if (const auto found = kinds_.find(task); found != kinds_.end()) return found->second;
  // Without the sweep's file the usual names of the tasks are all there is to go by.
  if (absl::StrContains(task, "flip")) return "flip_flop";
  if (absl::StrContains(task, "sine")) return "sine_wave";
  if (absl::StrContains(task, "cdi") || absl::StrContains(task, "context")) {
    return "context_integration";
  }
  return "";
}

int ResultsFolder::FindNetwork(absl::string_view task, absl::string_view key) const {
  const auto found = by_key_.find(std::make_pair(std::string(task), std::string(key)));
  return found == by_key_.end() ? -1 : found->second;
}

bool ResultsFolder::Has(const std::string& relative) const {
  std::error_code error;
  return !relative.empty() && std::filesystem::is_regular_file(path_ + "/" + relative, error);
}

absl::StatusOr<std::string> ResultsFolder::Read(const std::string& relative) const {
  if (!Has(relative)) {
    return absl::NotFoundError(absl::StrCat(relative, " is not in the folder"));
  }
  return base::ReadFile(path_ + "/" + relative);
}

absl::StatusOr<base::Array> ResultsFolder::ReadArray(const std::string& relative) const {
  absl::StatusOr<std::string> bytes = Read(relative);
  if (!bytes.ok()) return bytes.status();
  return base::DecodeNpy(*bytes, relative);
}

absl::StatusOr<base::Archive> ResultsFolder::ReadArchive(const std::string& relative) const {
  absl::StatusOr<std::string> bytes = Read(relative);
  if (!bytes.ok()) return bytes.status();
  return base::Archive::Decode(*bytes, relative);
}

std::string ResultsFolder::NetworkPath(const Network& network, absl::string_view folder,
                                       absl::string_view extension) {
  if (!IsFileName(network.key) || !IsFileName(network.task)) return "";
  return absl::StrCat(network.task, "/", folder, "/", network.key, extension);
}

std::vector<std::string> ResultsFolder::MetricsOf(const std::string& task) const {
  std::set<std::string> names;
  if (IsFileName(task)) {
    CollectNames(std::filesystem::path(path_) / task / "distances", ".npy", names);
    CollectNames(std::filesystem::path(path_) / task / "embeddings", ".csv", names);
  }
  std::vector<std::string> metrics(names.begin(), names.end());
  std::sort(metrics.begin(), metrics.end(), [](const std::string& a, const std::string& b) {
    return std::make_tuple(a != "svcca", !IsGraphMetric(a), a) <
           std::make_tuple(b != "svcca", !IsGraphMetric(b), b);
  });
  return metrics;
}

absl::StatusOr<Index> ResultsFolder::ReadIndex(const std::string& task,
                                               const std::string& metric) const {
  std::string relative = absl::StrCat(task, "/distances/", metric, "_index.csv");
  if (!Has(relative)) relative = absl::StrCat(task, "/distances/index.csv");
  absl::StatusOr<std::string> text = Read(relative);
  if (!text.ok()) return text.status();
  absl::StatusOr<Table> table = ParseTable(*text, relative);
  if (!table.ok()) return table.status();
  if (table->Column("key") < 0) {
    return absl::InvalidArgumentError(absl::StrCat(relative, " lacks the column key"));
  }
  Index index;
  for (size_t i = 0; i < table->rows.size(); ++i) {
    index.keys.emplace_back(table->Cell(i, "key"));
    index.networks.push_back(FindNetwork(task, index.keys.back()));
  }
  return index;
}

absl::StatusOr<Points> ResultsFolder::ReadEmbedding(const std::string& task,
                                                    const std::string& metric) const {
  const std::string relative = absl::StrCat(task, "/embeddings/", metric, ".csv");
  absl::StatusOr<std::string> text = Read(relative);
  if (!text.ok()) return text.status();
  absl::StatusOr<Table> table = ParseTable(*text, relative);
  if (!table.ok()) return table.status();
  for (absl::string_view column : {"key", "x", "y"}) {
    if (table->Column(column) < 0) {
      return absl::InvalidArgumentError(absl::StrCat(relative, " lacks the column ", column));
    }
  }
  Points points;
  for (size_t i = 0; i < table->rows.size(); ++i) {
    points.index.keys.emplace_back(table->Cell(i, "key"));
    points.index.networks.push_back(FindNetwork(task, points.index.keys.back()));
    points.x.push_back(static_cast<float>(Number(table->Cell(i, "x"))));
    points.y.push_back(static_cast<float>(Number(table->Cell(i, "y"))));
  }
  return points;
}

}  // namespace rnnfarm::figures
