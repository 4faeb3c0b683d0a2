#include "worker/engine/cpu/layout.h"

namespace rnnfarm::engine::cpu {

namespace {

// Hands out consecutive pieces, each beginning at a multiple of kUnitPadding floats.
class Pieces {
 public:
  int64_t Take(int64_t floats) {
    const int64_t at = next_;
    next_ += (floats + kUnitPadding - 1) / kUnitPadding * kUnitPadding;
    return at;
  }
  int64_t size() const { return next_; }

 private:
  int64_t next_ = 0;
};

}  // namespace

PackedWeights PackedWeightsOf(const Layout& layout) {
  const int64_t padded = layout.padded;
  const int64_t candidates = layout.gates - layout.main_gates;
  Pieces pieces;
  PackedWeights at;
  at.main = pieces.Take(layout.depth() * layout.main_gates * padded);
  at.candidate = pieces.Take(layout.depth() * candidates * padded);
  at.main_back = pieces.Take(layout.main_gates * padded * padded);
  at.candidate_back = pieces.Take(candidates * padded * padded);
  at.readout = pieces.Take(layout.outputs * padded);
  at.readout_bias = pieces.Take(layout.outputs);
  at.readout_back = pieces.Take(layout.outputs * padded);
  at.initial = pieces.Take(padded);
  at.initial_cell = pieces.Take(padded);
  at.size = pieces.size();
  return at;
}

GradientSums GradientSumsOf(const Layout& layout) {
  Pieces pieces;
  GradientSums at;
  at.weights = pieces.Take(int64_t{layout.depth()} * layout.gate_row);
  at.readout = pieces.Take(int64_t{layout.outputs} * layout.row);
  at.initial = pieces.Take(layout.padded);
  at.initial_cell = pieces.Take(layout.padded);
  at.size = pieces.size();
  return at;
}

// Few rows keep what a slab leaves for the backward pass near; where the weights themselves do not
// fit into the second-level cache, more rows share each reading of them. Twelve is a whole number
// of tiles of three and of four rows. Measured on Zen 3.
int SlabRows(const Layout& layout) {
  constexpr int64_t kLargeWeights = 1 << 17;  // floats
  const int64_t weights = int64_t{layout.gates} * layout.padded * layout.padded;
  return weights < kLargeWeights ? 12 : 32;
}

}  // namespace rnnfarm::engine::cpu
