// A tile of the matrix of all pairs, and the scratch folder's copy of it.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_TILE_H_
#define RNNFARM_ANALYSIS_PAIRWISE_TILE_H_

#include <vector>

#include "analysis/pairwise/pairwise.h"

namespace rnnfarm::analysis {

struct Range {
  int first = 0, last = 0;  // networks first … last - 1
  int size() const { return last - first; }
};

// The distances between two blocks of networks; of a block with itself those above the diagonal,
// and what is known of its networks.
struct Tile {
  Range rows, columns;
  Matrix distances;             // rows x columns, NaN where there is none
  std::vector<Member> members;  // of the rows of a block with itself

  Tile(const Range& rows, const Range& columns);
  bool Diagonal() const { return rows.first == columns.first; }
};

// Reads the tile as `scratch` has it; false if it does not.
bool Recall(const PairwiseInput& input, const Scratch& scratch, Tile& tile);

// A tile that cannot be kept is computed again another time.
void Remember(const PairwiseInput& input, const Scratch& scratch, const Tile& tile);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_TILE_H_
