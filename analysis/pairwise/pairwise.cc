#include "analysis/pairwise/pairwise.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <tuple>
#include <utility>

#include "analysis/for_each_index.h"
#include "analysis/pairwise/pair_block.h"
#include "analysis/pairwise/prepared_cache.h"
#include "analysis/pairwise/tile.h"

namespace rnnfarm::analysis {
namespace {

// Lists times lists that a thread does between two reports of progress, about.
constexpr int kUnitsPerThread = 16;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

absl::Status Cancelled() { return absl::CancelledError("the comparison was cancelled"); }

// A part of a tile: networks that are compared by one product.
struct Unit {
  Tile* tile;
  Range a, b;
};

class AllPairs {
 public:
  AllPairs(const PairwiseInput& input, const PairwiseOptions& options)
      : input_(input),
        options_(options),
        threads_(std::max(options.threads, 1)),
        cache_(input, options.memory_bytes, options.scratch) {}

  absl::StatusOr<PairwiseResult> Run() {
    const int n = static_cast<int>(input_.files.size());
    result_.distances = Matrix::Constant(n, n, kNone);
    result_.members.resize(n);
    std::vector<Tile> missing = FindMissing();
    if (absl::Status status = PrepareFor(missing); !status.ok()) return status;
    if (absl::Status status = options_.accept(result_.members); !status.ok()) return status;
    Arrange(missing);
    for (size_t done = 0; done < missing.size();) {
      auto next = ComputeSome(missing, done);
      if (!next.ok()) return next.status();
      done = *next;
      const double share = static_cast<double>(done) / static_cast<double>(missing.size());
      if (!options_.share_done(kPreparationShare + (1 - kPreparationShare) * share)) {
        return Cancelled();
      }
    }
    return std::move(result_);
  }

 private:
  // Those tiles that the scratch folder does not have; the others are taken from it.
  std::vector<Tile> FindMissing() {
    const int n = static_cast<int>(input_.files.size());
    std::vector<Tile> missing;
    for (int column = 0; column < n; column += kTileSide) {
      for (int row = 0; row <= column; row += kTileSide) {
        Tile tile({row, std::min(n, row + kTileSide)}, {column, std::min(n, column + kTileSide)});
        if (!Ready(tile.rows) || !Ready(tile.columns)) continue;
        if (options_.scratch != nullptr && Recall(input_, *options_.scratch, tile)) {
          Take(tile);
        } else {
          missing.push_back(std::move(tile));
        }
      }
    }
    return missing;
  }

  bool Ready(const Range& block) const {
    if (options_.ready == nullptr) return true;
    for (int i = block.first; i < block.last; ++i) {
      if (!options_.ready(i)) return false;
    }
    return true;
  }

  void Take(const Tile& tile) {
    std::copy(tile.members.begin(), tile.members.end(), result_.members.begin() + tile.rows.first);
    for (int j = 0; j < tile.columns.size(); ++j) {
      for (int i = 0; i < tile.rows.size(); ++i) {
        const int row = tile.rows.first + i, column = tile.columns.first + j;
        if (row < column) {
          result_.distances(row, column) = result_.distances(column, row) = tile.distances(i, j);
        } else if (row == column) {
          result_.distances(row, row) = 0;
        }
      }
    }
  }

  // Every network of a missing tile once, to learn who can be compared and how large they are.
  absl::Status PrepareFor(const std::vector<Tile>& tiles) {
    std::vector<char> needed(input_.files.size(), 0);
    for (const Tile& tile : tiles) {
      for (const Range& block : {tile.rows, tile.columns}) {
        std::fill(needed.begin() + block.first, needed.begin() + block.last, 1);
      }
    }
    std::vector<int> networks;
    for (size_t i = 0; i < needed.size(); ++i) {
      if (needed[i]) networks.push_back(static_cast<int>(i));
    }
    const int step = kUnitsPerThread * threads_;
    for (size_t begin = 0; begin < networks.size(); begin += step) {
      const size_t end = std::min(networks.size(), begin + step);
      absl::Status status = ForEach(end - begin, [&](int64_t k) {
        absl::Status got = cache_.Get(networks[begin + k]).status();
        return !got.ok() || options_.go_on() ? got : Cancelled();
      });
      if (!status.ok()) return status;
      for (size_t k = begin; k < end; ++k) {
        result_.members[networks[k]] = cache_.member(networks[k]);
      }
      const double share = static_cast<double>(end) / static_cast<double>(networks.size());
      if (!options_.share_done(kPreparationShare * share)) return Cancelled();
    }
    return absl::OkStatus();
  }

  // ForEachIndex for work that can fail: one of its errors.
  absl::Status ForEach(int64_t count, const std::function<absl::Status(int64_t)>& work) const {
    std::vector<absl::Status> outcome(count);
    std::atomic<bool> failed = false;
    ForEachIndex(count, threads_, [&](int64_t i) {
      if (failed) return;
      outcome[i] = work(i);
      if (!outcome[i].ok()) failed = true;
    });
    for (absl::Status& status : outcome) {
      if (!status.ok()) return std::move(status);
    }
    return absl::OkStatus();
  }

  // In an order in which the networks of as many rows as half of the memory holds stay there while
  // those of the columns come and go.
  void Arrange(std::vector<Tile>& tiles) const {
    const int blocks = (static_cast<int>(input_.files.size()) + kTileSide - 1) / kTileSide;
    std::vector<int> window(blocks, 0);
    int64_t held = 0;
    for (int block = 0; block < blocks; ++block) {
      int64_t bytes = 0;
      const int end = std::min<int>((block + 1) * kTileSide, input_.files.size());
      for (int i = block * kTileSide; i < end; ++i) bytes += cache_.bytes(i);
      const bool fits = block == 0 || held + bytes <= options_.memory_bytes / 2;
      if (block > 0) window[block] = window[block - 1] + (fits ? 0 : 1);
      held = fits ? held + bytes : bytes;
    }
    const auto place = [&](const Tile& tile) {
      return std::make_tuple(window[tile.rows.first / kTileSide], tile.columns.first,
                             tile.rows.first);
    };
    std::sort(tiles.begin(), tiles.end(),
              [&](const Tile& a, const Tile& b) { return place(a) < place(b); });
  }

  // Successive networks that one product takes; all of one extent, all comparable.
  std::vector<Range> Lists(const Range& block) const {
    std::vector<Range> lists;
    int64_t columns = 0;
    for (int i = block.first; i < block.last; ++i) {
      const Member& member = result_.members[i];
      if (!member.reason.empty()) continue;
      const int64_t own = cache_.columns(i);
      const bool joins =
          !lists.empty() && lists.back().last == i &&
          result_.members[i - 1].extent == member.extent &&
          (own > 0 ? columns + own <= kListColumns : lists.back().size() < kListNetworks);
      if (joins) {
        lists.back().last = i + 1;
      } else {
        lists.push_back({i, i + 1});
        columns = 0;
      }
      columns += own;
    }
    return lists;
  }

  // Tiles from `first` on, enough to keep all threads busy; the first one that is not done.
  absl::StatusOr<size_t> ComputeSome(std::vector<Tile>& tiles, size_t first) {
    std::vector<Unit> units;
    size_t last = first;
    while (last < tiles.size() && static_cast<int>(units.size()) < kUnitsPerThread * threads_) {
      Tile& tile = tiles[last++];
      for (const Range& a : Lists(tile.rows)) {
        for (const Range& b : Lists(tile.columns)) {
          if (!tile.Diagonal() || a.first <= b.first) units.push_back({&tile, a, b});
        }
      }
    }
    absl::Status status =
        ForEach(static_cast<int64_t>(units.size()), [&](int64_t i) { return Compute(units[i]); });
    if (!status.ok()) return status;
    for (size_t i = first; i < last; ++i) {
      Tile& tile = tiles[i];
      for (size_t k = 0; k < tile.members.size(); ++k) {
        tile.members[k] = cache_.member(tile.rows.first + static_cast<int>(k));
      }
      if (options_.scratch != nullptr) Remember(input_, *options_.scratch, tile);
      Take(tile);
      tile.distances.resize(0, 0);
    }
    return last;
  }

  absl::Status Compute(const Unit& unit) {
    std::vector<std::shared_ptr<const Prepared>> held;
    absl::StatusOr<std::vector<const Prepared*>> a = Hold(unit.a, held), b;
    const bool same = unit.a.first == unit.b.first;
    if (a.ok() && !same) b = Hold(unit.b, held);
    if (!a.ok()) return a.status();
    if (!same && !b.ok()) return b.status();
    Tile& tile = *unit.tile;
    const int row = unit.a.first - tile.rows.first, column = unit.b.first - tile.columns.first;
    const bool whole = MeasurePairs(
        *input_.metric, *a, same ? *a : *b,
        [&](int i, int j, double distance) { tile.distances(row + i, column + j) = distance; },
        options_.go_on);
    return whole ? absl::OkStatus() : Cancelled();
  }

  absl::StatusOr<std::vector<const Prepared*>> Hold(
      const Range& range, std::vector<std::shared_ptr<const Prepared>>& held) {
    std::vector<const Prepared*> out;
    for (int i = range.first; i < range.last; ++i) {
      auto prepared = cache_.Get(i);
      if (!prepared.ok()) return prepared.status();
      out.push_back(prepared->get());
      held.push_back(*std::move(prepared));
    }
    return out;
  }

  const PairwiseInput& input_;
  const PairwiseOptions& options_;
  const int threads_;
  PreparedCache cache_;
  PairwiseResult result_;
};

}  // namespace

absl::StatusOr<PairwiseResult> MeasureAllPairs(const PairwiseInput& input,
                                               const PairwiseOptions& options) {
  return AllPairs(input, options).Run();
}

Matrix MeasureAllPairs(const Metric& metric, const std::vector<Prepared>& prepared, int threads) {
  const int64_t n = static_cast<int64_t>(prepared.size());
  Matrix out = Matrix::Zero(n, n);
  ForEachIndex(n, threads, [&](int64_t i) {
    for (int64_t j = i + 1; j < n; ++j) {
      out(i, j) = out(j, i) = DistanceBetween(metric, prepared[i], prepared[j]);
    }
  });
  return out;
}

double DistanceBetween(const Metric& metric, const Prepared& a, const Prepared& b) {
  const Prepared* const first = &a;
  const Prepared* const second = &b;
  double out = kNone;
  MeasurePairs(
      metric, {&first, 1}, {&second, 1}, [&](int, int, double distance) { out = distance; },
      [] { return true; });
  return out;
}

}  // namespace rnnfarm::analysis
