// Where the fused engine keeps what it computes with.
//
// Trials go through the network in slabs of rows (one row a trial). Units are the vector dimension,
// padded to a multiple of kUnitPadding; padded units have no weights, stay without effect and get
// no gradient. A row of the state at step t is [x_t, 1, 0 …, h_t], so that one product with
// [A, b, W] gives all of a step's pre-activations.
#ifndef RNNFARM_WORKER_ENGINE_CPU_LAYOUT_H_
#define RNNFARM_WORKER_ENGINE_CPU_LAYOUT_H_

#include <cstdint>

namespace rnnfarm::engine::cpu {

// Sixteen floats are a cache line, and a whole number of vectors on every processor.
inline constexpr int kUnitPadding = 16;

// The numbers that fix all addresses. Extents in floats.
struct Layout {
  int units = 0, inputs = 0, outputs = 0;
  int gates = 1;       // G
  int main_gates = 1;  // of the first product of a step: 2 of the GRU's 3, all of the others'
  int kept = 0;        // values a unit and step, beside h, that backward needs
  int padded = 0;      // units, padded
  int head = 0;        // [x, 1], padded
  int row = 0;         // head + padded
  int reset_row = 0;   // GRU: row of r h, padded against cache conflicts
  int gate_row = 0;    // G · padded, padded against cache conflicts
  float alpha = 0;     // leaky

  int depth() const { return inputs + 1 + units; }  // of the products with [x, 1, h]
};

// Offsets into the weights as the kernels read them, packed anew in every iteration.
struct PackedWeights {
  // [A, b, W]ᵀ in panels of up to four vectors of columns: for each panel depth() rows, each with
  // the columns of a few units, gate by gate.
  int64_t main = 0, candidate = 0;
  // W in panels of units: for each panel main_gates · padded (padded) rows.
  int64_t main_back = 0, candidate_back = 0;
  int64_t readout = 0;       // (K, padded)
  int64_t readout_bias = 0;  // (K)
  int64_t readout_back = 0;  // R in panels of units
  int64_t initial = 0;       // (padded), of h
  int64_t initial_cell = 0;  // (padded), of c
  int64_t size = 0;
};

// Offsets into the sums of the gradient, before they are put into the parameters' own order.
struct GradientSums {
  int64_t weights = 0;       // (depth(), gate_row), the transposes of [A, b, W] of all gates
  int64_t readout = 0;       // (K, row): column inputs is the bias, from head on are the units
  int64_t initial = 0;       // (padded)
  int64_t initial_cell = 0;  // (padded)
  int64_t size = 0;
};

PackedWeights PackedWeightsOf(const Layout& layout);
GradientSums GradientSumsOf(const Layout& layout);

// Rows of a slab, and steps whose pre-activation gradients become one product with the states: a
// function of the layout alone, because the order of sums follows from them.
int SlabRows(const Layout& layout);
inline constexpr int kBlockRows = 96;  // rows · steps of such a product, at least

// One slab in memory. Extents in C order.
struct Slab {
  int rows = 0, steps = 0;
  float* state = nullptr;         // (steps + 1, rows, row)
  float* kept = nullptr;          // (steps, kept, rows, padded)
  float* reset = nullptr;         // GRU: (steps, rows, reset_row), r h
  float* cell = nullptr;          // LSTM: (steps + 1, rows, padded)
  const float* noise = nullptr;   // leaky: (rows, steps, units) and kUnitPadding more; or null
  const float* target = nullptr;  // (rows, target_steps, outputs)
  const float* mask = nullptr;    // the same, or null: 1 everywhere
  int64_t target_row = 0;         // floats from one row of target to the next
  float* error = nullptr;  // (steps, rows, outputs): ∂loss/∂y, with loss the mean that is asked for
  float error_scale = 0;        // 2 / number of values in that mean
  float* carry = nullptr;       // (rows, padded): the part of ∂loss/∂h that skips the product
  float* cell_carry = nullptr;  // LSTM: (rows, padded), ∂loss/∂c
  float* gate_gradient = nullptr;  // two blocks of (block_steps, rows, gate_row)
  int block_steps = 0;
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_LAYOUT_H_
