#include "client/compare.h"

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analysis/embedding/mds.h"
#include "analysis/similarity/metric.h"
#include "base/array_file.h"
#include "base/logging.h"
#include "client/table.h"

namespace rnnfarm::client {
namespace {

absl::Status Invalid(const absl::Status& status) {
  return absl::InvalidArgumentError(status.message());
}

absl::StatusOr<analysis::Matrix> Load(const std::string& path) {
  const absl::StatusOr<std::string> bytes = base::ReadFile(path);
  if (!bytes.ok()) return Invalid(bytes.status());
  if (!absl::EndsWithIgnoreCase(path, ".npz")) {
    const absl::StatusOr<base::Array> array = base::DecodeNpy(*bytes, path);
    if (!array.ok()) return Invalid(array.status());
    return analysis::LoadRepresentation(*array, path);
  }
  const absl::StatusOr<base::Archive> archive = base::Archive::Decode(*bytes, path);
  if (!archive.ok()) return Invalid(archive.status());
  const absl::StatusOr<const base::Array*> states = archive->Find("states");
  if (!states.ok()) return Invalid(states.status());
  return analysis::LoadRepresentation(**states, path);
}

absl::Status WriteEmbedding(const Comparison& comparison, const std::string& path) {
  const absl::StatusOr<analysis::Embedding> embedding = analysis::EmbedMds(comparison.distances);
  if (!embedding.ok()) return embedding.status();
  Table table({{"label"}, {"x"}, {"y"}});
  for (Eigen::Index i = 0; i < embedding->points.rows(); ++i) {
    table.AddRow({comparison.labels[i], embedding->points(i, 0), embedding->points(i, 1)});
  }
  return base::WriteFile(path, table.Render(Format::kCsv));
}

}  // namespace

absl::StatusOr<Comparison> Compare(const CompareRequest& request) {
  if (request.files.size() < 2) {
    return absl::InvalidArgumentError("compare takes at least two files");
  }
  const auto metric = analysis::MakeMetric(request.metric, request.options);
  if (!metric.ok()) return metric.status();
  std::vector<std::unique_ptr<analysis::Prepared>> prepared;
  Eigen::Index samples = 0;
  for (const std::string& file : request.files) {
    const absl::StatusOr<analysis::Matrix> x = Load(file);
    if (!x.ok()) return x.status();
    if (samples == 0) samples = x->rows();
    if (x->rows() != samples) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, " has ", x->rows(), " samples, ", request.files[0], " has ", samples,
                       "; rows must be the same probe samples in the same order"));
    }
    absl::StatusOr<std::unique_ptr<analysis::Prepared>> one = (*metric)->Prepare(*x);
    if (!one.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": ", one.status().message()));
    }
    prepared.push_back(*std::move(one));
  }
  return Comparison{std::string((*metric)->name()), request.files,
                    analysis::AllPairs(**metric, prepared, request.threads)};
}

std::string ComparisonJson(const Comparison& comparison) {
  std::string json = absl::StrCat("{\"metric\": \"", comparison.metric, "\", \"labels\": [");
  for (size_t i = 0; i < comparison.labels.size(); ++i) {
    absl::StrAppend(&json, i > 0 ? ", " : "", JsonOf(comparison.labels[i]));
  }
  absl::StrAppend(&json, "], \"distances\": [");
  for (Eigen::Index i = 0; i < comparison.distances.rows(); ++i) {
    absl::StrAppend(&json, i > 0 ? ", [" : "[");
    for (Eigen::Index j = 0; j < comparison.distances.cols(); ++j) {
      absl::StrAppend(&json, j > 0 ? ", " : "", JsonOf(comparison.distances(i, j)));
    }
    absl::StrAppend(&json, "]");
  }
  return json + "]}\n";
}

absl::Status WriteComparison(const Comparison& comparison, const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  const int64_t n = comparison.distances.rows();
  std::vector<double> rows;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) rows.push_back(comparison.distances(i, j));
  }
  const fs::path folder(directory);
  absl::Status status = base::WriteFile((folder / (comparison.metric + ".npy")).string(),
                                        base::EncodeNpy(base::Array::Of<double>({n, n}, rows)));
  if (!status.ok()) return status;
  Table index({{"row"}, {"label"}});
  for (int64_t i = 0; i < n; ++i) index.AddRow({i, comparison.labels[i]});
  status = base::WriteFile((folder / "index.csv").string(), index.Render(Format::kCsv));
  if (!status.ok() || n < 3) return status;
  return WriteEmbedding(comparison, (folder / (comparison.metric + "_mds.csv")).string());
}

}  // namespace rnnfarm::client
