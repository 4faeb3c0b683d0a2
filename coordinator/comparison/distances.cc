#include "coordinator/comparison/distances.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/for_each_index.h"
#include "analysis/similarity/metric.h"
#include "analysis/topology/graph.h"
#include "base/array_file.h"

namespace rnnfarm::comparison {
namespace {

// Shares of the work of a metric that are spent before the first pair is compared.
constexpr double kPreparationShare = 0.4;
// Pairs between two calls of the progress callback.
constexpr size_t kPairsAtOnce = 4096;

absl::Status Cancelled() { return absl::CancelledError("the comparison was cancelled"); }

// The digest of the network's file, or nothing.
std::optional<std::string> ArtifactOf(const v1::Network& network, const char* role) {
  const auto found = network.artifacts().find(role);
  if (found == network.artifacts().end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string NoArtifact(const char* role) { return absl::StrCat("it has no ", role, " file"); }

// An error of `read`, which is no property of the network.
absl::Status Unreadable(const v1::Network& network, const char* role, const absl::Status& why) {
  return absl::Status(why.code(),
                      absl::StrCat(network.key(), ": its ", role,
                                   " file cannot be read for the comparison: ", why.message()));
}

// Compares states: prepares every network, then walks over blocks of pairs that fit in memory.
class StatesComparison {
 public:
  StatesComparison(const analysis::Metric& metric, const std::vector<v1::Network>& networks,
                   int threads, const ReadArtifact& read, const ShareDone& share_done,
                   int64_t memory_bytes)
      : metric_(metric),
        networks_(networks),
        threads_(std::max(threads, 1)),
        read_(read),
        share_done_(share_done),
        memory_bytes_(memory_bytes),
        entries_(networks.size()) {}

  absl::StatusOr<MetricDistances> Run() {
    if (absl::Status status = PrepareAll(); !status.ok()) return status;
    MetricDistances out;
    out.extent = ModalSamples();
    for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
      Entry& entry = entries_[i];
      if (entry.reason.empty() && entry.samples != out.extent) {
        entry.reason = absl::StrCat("its states have ", entry.samples, " samples, those of most ",
                                    "networks ", out.extent);
        entry.prepared.reset();
      }
      if (entry.reason.empty()) {
        out.rows.push_back(i);
      } else {
        out.left_out.push_back({i, entry.reason});
      }
    }
    if (absl::Status status = ComparePairs(out); !status.ok()) return status;
    return out;
  }

 private:
  struct Entry {
    std::unique_ptr<analysis::Prepared> prepared;
    int64_t bytes = 0;
    int64_t samples = 0;
    std::string reason;  // why it is left out; empty: it takes part
  };
  using Rows = std::vector<int>;

  // Once for every network, to learn who takes part and how much memory it needs. All stay in
  // memory if they fit.
  absl::Status PrepareAll() {
    int64_t held = 0;
    bool fits = true;
    const int n = static_cast<int>(entries_.size());
    for (int begin = 0; begin < n; begin += threads_) {
      const int end = std::min(n, begin + threads_);
      if (absl::Status status = Prepare(begin, end); !status.ok()) return status;
      for (int i = begin; i < end; ++i) held += entries_[i].bytes;
      if (held > memory_bytes_) fits = false;
      for (int i = fits ? end : 0; i < end; ++i) entries_[i].prepared.reset();
      if (!share_done_(kPreparationShare * end / n)) return Cancelled();
    }
    return absl::OkStatus();
  }

  // Entries begin … end - 1. Files are read by this thread alone, since `read` need not allow more.
  absl::Status Prepare(int begin, int end) {
    std::vector<std::string> files(end - begin);
    for (int i = begin; i < end; ++i) {
      if (entries_[i].prepared != nullptr || !entries_[i].reason.empty()) continue;
      const auto digest = ArtifactOf(networks_[i], "states");
      if (!digest) {
        entries_[i].reason = NoArtifact("states");
        continue;
      }
      auto bytes = read_(*digest);
      if (!bytes.ok()) return Unreadable(networks_[i], "states", bytes.status());
      files[i - begin] = *std::move(bytes);
    }
    analysis::ForEachIndex(end - begin, threads_, [&](int64_t k) {
      Entry& entry = entries_[begin + k];
      if (entry.prepared != nullptr || !entry.reason.empty()) return;
      if (absl::Status status = Decode(files[k], entry); !status.ok()) {
        entry.reason = std::string(status.message());
      }
    });
    return absl::OkStatus();
  }

  absl::Status Decode(const std::string& file, Entry& entry) const {
    auto array = base::DecodeNpy(file, "states");
    if (!array.ok()) return array.status();
    auto x = analysis::LoadRepresentation(*array, "states");
    if (!x.ok()) return x.status();
    auto prepared = metric_.Prepare(*x);
    if (!prepared.ok()) return prepared.status();
    entry.prepared = *std::move(prepared);
    entry.bytes = entry.prepared->bytes();
    entry.samples = x->rows();
    return absl::OkStatus();
  }

  int64_t ModalSamples() const {
    std::map<int64_t, int> networks;
    for (const Entry& entry : entries_) {
      if (entry.reason.empty()) ++networks[entry.samples];
    }
    int64_t modal = 0;
    for (const Entry& entry : entries_) {
      if (entry.reason.empty() && (modal == 0 || networks[entry.samples] > networks[modal])) {
        modal = entry.samples;
      }
    }
    return modal;
  }

  // Successive positions in `rows`; two blocks fit in memory, or all is one block.
  std::vector<Rows> Blocks(const Rows& rows) const {
    int64_t total = 0;
    for (int row : rows) total += entries_[row].bytes;
    const int64_t limit = total <= memory_bytes_ ? total : memory_bytes_ / 2;
    std::vector<Rows> blocks;
    int64_t held = 0;
    for (int position = 0; position < static_cast<int>(rows.size()); ++position) {
      const int64_t bytes = entries_[rows[position]].bytes;
      if (blocks.empty() || held + bytes > limit) {
        blocks.emplace_back();
        held = 0;
      }
      blocks.back().push_back(position);
      held += bytes;
    }
    return blocks;
  }

  absl::Status Hold(const MetricDistances& out, const Rows& block) {
    for (size_t begin = 0; begin < block.size(); begin += threads_) {
      const size_t end = std::min(block.size(), begin + threads_);
      const int first = out.rows[block[begin]], last = out.rows[block[end - 1]];
      if (absl::Status status = Prepare(first, last + 1); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void Release(const MetricDistances& out, const Rows& block) {
    for (int position : block) entries_[out.rows[position]].prepared.reset();
  }

  absl::Status ComparePairs(MetricDistances& out) {
    const int64_t n = static_cast<int64_t>(out.rows.size());
    out.distances = analysis::Matrix::Zero(n, n);
    const std::vector<Rows> blocks = Blocks(out.rows);
    int64_t done = 0;
    for (size_t a = 0; a < blocks.size(); ++a) {
      if (absl::Status status = Hold(out, blocks[a]); !status.ok()) return status;
      for (size_t b = a; b < blocks.size(); ++b) {
        if (absl::Status status = Hold(out, blocks[b]); !status.ok()) return status;
        if (absl::Status status = CompareBlocks(blocks[a], blocks[b], done, out); !status.ok()) {
          return status;
        }
        if (b != a) Release(out, blocks[b]);
      }
      Release(out, blocks[a]);
    }
    return absl::OkStatus();
  }

  absl::Status CompareBlocks(const Rows& a, const Rows& b, int64_t& done, MetricDistances& out) {
    std::vector<std::pair<int, int>> positions;
    const double n = static_cast<double>(out.rows.size());
    auto flush = [&]() -> bool {
      std::vector<std::pair<const analysis::Prepared*, const analysis::Prepared*>> pairs;
      for (const auto& [i, j] : positions) {
        pairs.emplace_back(entries_[out.rows[i]].prepared.get(),
                           entries_[out.rows[j]].prepared.get());
      }
      const std::vector<double> distances = analysis::Distances(metric_, pairs, threads_);
      for (size_t k = 0; k < positions.size(); ++k) {
        const auto [i, j] = positions[k];
        out.distances(i, j) = out.distances(j, i) = distances[k];
      }
      done += static_cast<int64_t>(positions.size());
      positions.clear();
      const double share = static_cast<double>(done) / (0.5 * n * (n - 1));
      return share_done_(kPreparationShare + (1 - kPreparationShare) * share);
    };
    for (int i : a) {
      for (int j : b) {
        if (j <= i) continue;
        positions.emplace_back(i, j);
        if (positions.size() == kPairsAtOnce && !flush()) return Cancelled();
      }
    }
    return positions.empty() || flush() ? absl::OkStatus() : Cancelled();
  }

  const analysis::Metric& metric_;
  const std::vector<v1::Network>& networks_;
  const int threads_;
  const ReadArtifact& read_;
  const ShareDone& share_done_;
  const int64_t memory_bytes_;
  std::vector<Entry> entries_;
};

struct GraphOf {
  int network = 0;
  analysis::Graph graph;
};

// The graphs that can be read; the other networks go to `left_out`.
absl::StatusOr<std::vector<GraphOf>> LoadGraphs(const std::vector<v1::Network>& networks,
                                                const ReadArtifact& read,
                                                const ShareDone& share_done,
                                                std::vector<LeftOut>& left_out) {
  std::vector<GraphOf> graphs;
  for (int i = 0; i < static_cast<int>(networks.size()); ++i) {
    const auto digest = ArtifactOf(networks[i], "fixed_points");
    if (!digest) {
      left_out.push_back({i, NoArtifact("fixed_points")});
      continue;
    }
    auto bytes = read(*digest);
    if (!bytes.ok()) return Unreadable(networks[i], "fixed_points", bytes.status());
    auto archive = base::Archive::Decode(*bytes, "fixed_points");
    auto graph = archive.ok() ? analysis::LoadGraph(*archive, "fixed_points") : archive.status();
    if (graph.ok()) {
      graphs.push_back({i, *std::move(graph)});
    } else {
      left_out.push_back({i, std::string(graph.status().message())});
    }
    if (!share_done(kPreparationShare * (i + 1) / static_cast<double>(networks.size()))) {
      return Cancelled();
    }
  }
  return graphs;
}

// Among the trained networks, so that controls with a single point at the origin cannot outvote
// them; among all where none is trained.
int ModalNodes(const std::vector<v1::Network>& networks, const std::vector<GraphOf>& graphs) {
  std::vector<analysis::Graph> trained, all;
  for (const GraphOf& of : graphs) {
    all.push_back(of.graph);
    if (!networks[of.network].untrained()) trained.push_back(of.graph);
  }
  return analysis::ModalNodeCount(trained.empty() ? all : trained);
}

absl::StatusOr<MetricDistances> CompareGraphs(const std::vector<v1::Network>& networks, int threads,
                                              const ReadArtifact& read,
                                              const ShareDone& share_done) {
  MetricDistances out;
  auto graphs = LoadGraphs(networks, read, share_done, out.left_out);
  if (!graphs.ok()) return graphs.status();
  const int nodes = ModalNodes(networks, *graphs);
  out.extent = nodes;
  std::vector<const analysis::Graph*> compared;
  for (const GraphOf& of : *graphs) {
    const int own = static_cast<int>(of.graph.adjacency.rows());
    if (own == nodes) {
      out.rows.push_back(of.network);
      compared.push_back(&of.graph);
    } else {
      out.left_out.push_back(
          {of.network,
           absl::StrCat("its graph has ", own, " nodes; only graphs with the modal number, ", nodes,
                        ", are compared")});
    }
  }
  std::sort(out.left_out.begin(), out.left_out.end(),
            [](const LeftOut& a, const LeftOut& b) { return a.network < b.network; });
  const int64_t n = static_cast<int64_t>(compared.size());
  out.distances = analysis::Matrix::Zero(n, n);
  analysis::ForEachIndex(n, threads, [&](int64_t i) {
    for (int64_t j = i + 1; j < n; ++j) {
      out.distances(i, j) = out.distances(j, i) =
          analysis::GraphDistance(*compared[i], *compared[j]);
    }
  });
  if (!share_done(1)) return Cancelled();
  return out;
}

}  // namespace

absl::StatusOr<MetricDistances> MeasureDistances(const MetricSettings& settings,
                                                 const std::vector<v1::Network>& networks,
                                                 int threads, const ReadArtifact& read,
                                                 const ShareDone& share_done,
                                                 int64_t memory_bytes) {
  if (!settings.OfStates()) return CompareGraphs(networks, threads, read, share_done);
  auto metric = analysis::MakeMetric(settings.name, settings.settings);
  if (!metric.ok()) return metric.status();
  return StatesComparison(**metric, networks, threads, read, share_done, memory_bytes).Run();
}

}  // namespace rnnfarm::comparison
