#include "client/compare_files.h"

#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/embedding/mds.h"
#include "base/array_file.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

constexpr int kLeastEmbedded = 3;
constexpr char kSummary[] = "comparison.json";

// "[a, b, …]" of what `of` says of 0 … count - 1.
std::string JsonList(int count, const std::function<std::string(int)>& of) {
  std::vector<std::string> items;
  for (int i = 0; i < count; ++i) items.push_back(of(i));
  return absl::StrCat("[", absl::StrJoin(items, ", "), "]");
}

std::string NearestJson(const Comparison& comparison, int file) {
  const std::vector<int> nearest = NearestTo(comparison, file);
  return JsonList(static_cast<int>(nearest.size()), [&](int k) {
    return absl::StrCat("{\"network\": ", JsonOf(comparison.labels[nearest[k]]),
                        ", \"distance\": ", JsonOf(comparison.distances(file, nearest[k])), "}");
  });
}

std::string MatrixFile(const analysis::Matrix& distances) {
  // Symmetric: columns one after the other are rows one after the other.
  return base::EncodeNpy(
      base::Array::Of<double>({distances.rows(), distances.cols()},
                              {distances.data(), static_cast<size_t>(distances.size())}));
}

std::string SettingsJson(const Comparison& comparison) {
  const auto field = [](std::string* out, const auto& setting) {
    absl::StrAppend(out, JsonOf(setting.first), ": ", JsonOf(setting.second));
  };
  return absl::StrCat("{", absl::StrJoin(comparison.settings, ", ", field), "}");
}

// `embedding` may be null.
std::string SummaryFile(const Comparison& comparison, const analysis::Embedding* embedding) {
  std::string json = absl::StrCat("{\n  \"metric\": ", JsonOf(comparison.metric),
                                  ",\n  \"settings\": ", SettingsJson(comparison),
                                  ",\n  \"files\": ", comparison.files);
  if (embedding != nullptr) {
    absl::StrAppend(&json, ",\n  \"stress1\": ", JsonOf(embedding->stress1),
                    ",\n  \"shepard\": ", JsonOf(embedding->shepard_correlation));
  }
  absl::StrAppend(
      &json,
      ",\n  \"left_out\": ", JsonList(static_cast<int>(comparison.left_out.size()), [&](int i) {
        const auto& [label, reason] = comparison.left_out[i];
        return absl::StrCat("{\"network\": ", JsonOf(label), ", \"reason\": ", JsonOf(reason), "}");
      }));
  return json + "\n}\n";
}

std::string EmbeddingFile(const Comparison& comparison, const analysis::Embedding& embedding) {
  Table table({{"label"}, {"x"}, {"y"}});
  for (Eigen::Index i = 0; i < embedding.points.rows(); ++i) {
    table.AddRow({comparison.labels[i], embedding.points(i, 0), embedding.points(i, 1)});
  }
  return table.Render(Format::kCsv);
}

}  // namespace

std::string ComparisonJson(const Comparison& comparison) {
  const int n = static_cast<int>(comparison.labels.size());
  std::string json = absl::StrCat(
      "{\"metric\": ", JsonOf(comparison.metric), ", \"settings\": ", SettingsJson(comparison),
      ", \"labels\": ", JsonList(n, [&](int i) { return JsonOf(comparison.labels[i]); }),
      ", \"distances\": ", JsonList(n, [&](int i) {
        return JsonList(n, [&](int j) { return JsonOf(comparison.distances(i, j)); });
      }));
  if (n > comparison.files) {
    absl::StrAppend(&json, ", \"nearest\": ", JsonList(comparison.files, [&](int file) {
      return NearestJson(comparison, file);
    }));
  }
  return json + "}\n";
}

Table DistanceTable(const Comparison& comparison) {
  std::vector<Column> columns = {{"label"}};
  for (const std::string& label : comparison.labels) columns.push_back({label, false, false, true});
  Table table(columns);
  for (Eigen::Index i = 0; i < comparison.distances.rows(); ++i) {
    std::vector<Value> row = {comparison.labels[i]};
    for (Eigen::Index j = 0; j < comparison.distances.cols(); ++j) {
      row.push_back(comparison.distances(i, j));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

Table NearestTable(const Comparison& comparison) {
  Table table({{"file"}, {"nearest"}, {"distance"}});
  for (int file = 0; file < comparison.files; ++file) {
    for (int other : NearestTo(comparison, file)) {
      table.AddRow(
          {comparison.labels[file], comparison.labels[other], comparison.distances(file, other)});
    }
  }
  return table;
}

absl::Status WriteComparison(const Comparison& comparison, const std::string& directory,
                             int threads) {
  std::error_code ignored;  // WriteFile tells what comes of it
  fs::create_directories(directory, ignored);
  const int64_t n = comparison.distances.rows();
  Table index({{"row"}, {"label"}});
  for (int64_t i = 0; i < n; ++i) index.AddRow({i, comparison.labels[i]});
  std::vector<std::pair<std::string, std::string>> files = {
      {comparison.metric + ".npy", MatrixFile(comparison.distances)},
      {"index.csv", index.Render(Format::kCsv)},
      {"nearest.csv", NearestTable(comparison).Render(Format::kCsv)}};
  if (n >= kLeastEmbedded) {
    analysis::MdsOptions options;
    options.threads = threads;
    const auto embedding = analysis::EmbedMds(comparison.distances, options);
    if (!embedding.ok()) return embedding.status();
    files.emplace_back(comparison.metric + "_mds.csv", EmbeddingFile(comparison, *embedding));
    files.emplace_back(kSummary, SummaryFile(comparison, &*embedding));
  } else {
    files.emplace_back(kSummary, SummaryFile(comparison, nullptr));
  }
  for (const auto& [name, bytes] : files) {
    absl::Status status = base::WriteFile((fs::path(directory) / name).string(), bytes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::client
