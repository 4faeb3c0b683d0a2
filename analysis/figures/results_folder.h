// A folder of results, as `rnnfarm pull` leaves it, read for the report.
//
// Only networks.csv must be there: whatever else is missing is said in the page, where it would
// have been drawn.
#ifndef RNNFARM_ANALYSIS_FIGURES_RESULTS_FOLDER_H_
#define RNNFARM_ANALYSIS_FIGURES_RESULTS_FOLDER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/figures/comma_separated.h"
#include "base/array_file.h"

namespace rnnfarm::figures {

// One row of networks.csv.
struct Network {
  std::string key, task, architecture, activation, state, excluded_reason;
  double units = 0, l2 = 0, seed = 0;
  bool untrained = false;
  bool included = false;       // in the comparison
  double validation_loss = 0;  // NaN if there is none

  bool failed() const;
};

// What the result is of; "" for what the folder does not tell.
struct Provenance {
  std::string sweep, spec_digest, build;
};

// The networks of one matrix or embedding: rows of the folder's networks(), -1 for a key that
// networks.csv lacks.
struct Index {
  std::vector<std::string> keys;
  std::vector<int> networks;
};

struct Points {
  Index index;
  std::vector<float> x, y;
};

class ResultsFolder {
 public:
  // NOT_FOUND names the folder or networks.csv; INVALID_ARGUMENT a table that cannot be read.
  static absl::StatusOr<ResultsFolder> Open(const std::string& path);

  const Provenance& provenance() const { return provenance_; }
  const Table& table() const { return table_; }
  const std::vector<Network>& networks() const { return networks_; }
  // In the order of networks.csv.
  const std::vector<std::string>& tasks() const { return tasks_; }
  // "flip_flop", "sine_wave", "context_integration", "dataset", or "" if unknown.
  std::string KindOf(const std::string& task) const;
  // Row of networks() or -1.
  int FindNetwork(absl::string_view task, absl::string_view key) const;

  // Paths are relative to the folder. NOT_FOUND if the file is missing.
  bool Has(const std::string& relative) const;
  absl::StatusOr<std::string> Read(const std::string& relative) const;
  absl::StatusOr<base::Array> ReadArray(const std::string& relative) const;
  absl::StatusOr<base::Archive> ReadArchive(const std::string& relative) const;
  // <task>/networks/<key>.npz and the like; "" for a key that is no file name.
  static std::string NetworkPath(const Network& network, absl::string_view folder,
                                 absl::string_view extension);

  // Metrics of <task>/distances and <task>/embeddings: svcca first, then graphs.
  std::vector<std::string> MetricsOf(const std::string& task) const;
  // Rows of <task>/distances/<metric>.npy.
  absl::StatusOr<Index> ReadIndex(const std::string& task, const std::string& metric) const;
  absl::StatusOr<Points> ReadEmbedding(const std::string& task, const std::string& metric) const;

 private:
  absl::Status ReadNetworks();
  void ReadProvenance();

  std::string path_;
  Provenance provenance_;
  Table table_;
  std::vector<Network> networks_;
  std::vector<std::string> tasks_;
  std::map<std::string, std::string> kinds_;
  absl::flat_hash_map<std::pair<std::string, std::string>, int> by_key_;
};

// A metric on graphs of fixed points, not on states.
bool IsGraphMetric(absl::string_view metric);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_RESULTS_FOLDER_H_
