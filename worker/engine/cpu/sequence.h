// A slab of trials through one network, forward in time and back, for vectors V and a cell C of
// cells.h.
#ifndef RNNFARM_WORKER_ENGINE_CPU_SEQUENCE_H_
#define RNNFARM_WORKER_ENGINE_CPU_SEQUENCE_H_

#include <cstdint>

#include "worker/engine/cpu/layout.h"
#include "worker/engine/cpu/product.h"
#include "worker/engine/cpu/step.h"

namespace rnnfarm::engine::cpu {

// What step t keeps, fetched during a product of panels of so many vectors of units.
template <class V, int kUnitVectors>
Stream KeptStream(const Layout& layout, const Slab& slab, int t) {
  if (t < 0 || t >= slab.steps || layout.kept == 0) return Stream();
  const int vectors = layout.padded / V::kLanes;
  const int64_t panels = (vectors + kUnitVectors - 1) / kUnitVectors;
  const int64_t tiles = panels * ((slab.rows + V::kTileRows - 1) / V::kTileRows);
  return Stream(Step(layout, slab, t).kept(), int64_t{slab.rows} * layout.kept * layout.padded,
                tiles);
}

// z = [x, 1, hidden] [A, b, W]ᵀ of kGates gates, and finish(place, z) for every vector of
// units. Panels of one vector of units a gate, or of several where there are fewer gates than four.
template <class V, int kGates, class Finish>
RNNFARM_HD_INLINE void GateProduct(const Layout& layout, const float* panels, const float* state,
                                   const float* hidden, int64_t hidden_row, int rows, Stream stream,
                                   Finish finish) {
  constexpr int kUnitVectors = kPanelVectors / kGates;
  const int head_depth = layout.inputs + 1;
  ForEachTile<kUnitVectors>(layout.padded / V::kLanes, [&](auto panel, int first) {
    constexpr int kVectors = panel.value;
    constexpr int kWidth = kGates * kVectors * V::kLanes;
    const int64_t begin = int64_t{layout.depth()} * kGates * first * V::kLanes;
    const float* head_weights = panels + begin;
    const float* weights = head_weights + head_depth * kWidth;
    ForEachRowTile<V::kTileRows>(rows, [&](auto tile, int row) {
      constexpr int kRows = tile.value;
      typename V::F sum[kRows][kGates * kVectors];
      Clear<V>(sum);
      MultiplyAdd<V>(sum, state + row * int64_t{layout.row}, layout.row, 1, head_weights, kWidth,
                     head_depth);
      MultiplyAdd<V>(sum, hidden + row * hidden_row, hidden_row, 1, weights, kWidth, layout.units,
                     stream);
      stream.EndTile();
      Place place = Place::Of(layout, row, first * V::kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          typename V::F z[kGates];
#pragma GCC unroll 4
          for (int g = 0; g < kGates; ++g) z[g] = sum[r][g * kVectors + v];
          finish(place.After(v * V::kLanes), z);
        }
        place.NextRow(layout);
      }
    });
  });
}

// One term of a gradient of h: factors (rows, row of them) times weights in panels of units.
struct Term {
  const float* factors = nullptr;
  int64_t row = 0;
  const float* panels = nullptr;
  int depth = 0;
};

// carry (rows, padded; or null) + the terms, and finish(place, sum) for every vector of units.
template <class V, int kTerms, class Finish>
RNNFARM_HD_INLINE void StateProduct(const Layout& layout, const float* carry,
                                    const Term (&terms)[kTerms], int rows, Stream stream,
                                    Finish finish) {
  ForEachTile<kPanelVectors>(layout.padded / V::kLanes, [&](auto panel, int first) {
    constexpr int kVectors = panel.value;
    constexpr int kWidth = kVectors * V::kLanes;
    const int64_t unit = int64_t{first} * V::kLanes;
    ForEachRowTile<V::kTileRows>(rows, [&](auto tile, int row) {
      constexpr int kRows = tile.value;
      typename V::F sum[kRows][kVectors];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const float* from = carry + int64_t{row + r} * layout.padded + unit + v * V::kLanes;
          sum[r][v] = carry == nullptr ? V::Zero() : V::Load(from);
        }
      }
#pragma GCC unroll 2
      for (int i = 0; i < kTerms; ++i) {
        const Term& term = terms[i];
        MultiplyAdd<V>(sum, term.factors + row * term.row, term.row, 1,
                       term.panels + unit * term.depth, kWidth, term.depth,
                       i + 1 == kTerms ? stream : Stream());
      }
      Place place = Place::Of(layout, row, static_cast<int>(unit));
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) finish(place.After(v * V::kLanes), sum[r][v]);
        place.NextRow(layout);
      }
      stream.EndTile();
    });
  });
}

// y of a step, and ∂loss/∂y into its error; the sum of mask · (y - target)².
template <class V>
double Readout(const Layout& layout, const float* packed, const PackedWeights& at, const Slab& slab,
               const Step& step, int t) {
  constexpr int kParts = kUnitPadding / V::kLanes;
  double squares = 0;
  float* error = step.error();
  for (int row = 0; row < slab.rows; ++row) {
    const float* h = step.next_h() + int64_t{row} * layout.row;
    const int64_t place = row * slab.target_row + int64_t{t} * layout.outputs;
    for (int k = 0; k < layout.outputs; ++k) {
      const float* weights = packed + at.readout + int64_t{k} * layout.padded;
      typename V::F sum[kParts];
      for (auto& part : sum) part = V::Zero();
      for (int unit = 0; unit < layout.padded; unit += kUnitPadding) {
#pragma GCC unroll 4
        for (int part = 0; part < kParts; ++part) {
          const int i = unit + part * V::kLanes;
          sum[part] = V::Fma(V::Load(h + i), V::Load(weights + i), sum[part]);
        }
      }
      const float y = V::Sum(sum) + packed[at.readout_bias + k];
      const float difference = y - slab.target[place + k];
      const float weight = slab.mask == nullptr ? 1.0f : slab.mask[place + k];
      squares += static_cast<double>(weight) * difference * difference;
      *error++ = slab.error_scale * weight * difference;
    }
  }
  return squares;
}

// Writes states, what backward needs, and the errors. The sum of mask · (y - target)².
template <class V, class C>
double Forward(const Layout& layout, const float* packed, const Slab& slab) {
  const PackedWeights at = PackedWeightsOf(layout);
  const Step begin(layout, slab, 0);
  for (int row = 0; row < slab.rows; ++row) {
    for (int unit = 0; unit < layout.padded; unit += V::kLanes) {
      const Place place = Place::Of(layout, row, unit);
      V::Store(begin.h(place), V::Load(packed + at.initial + unit));
      if constexpr (C::kHasCell) {
        V::Store(begin.c(place), V::Load(packed + at.initial_cell + unit));
      }
    }
  }
  double squares = 0;
  for (int t = 0; t < slab.steps; ++t) {
    const Step step(layout, slab, t);
    GateProduct<V, C::kMainGates>(layout, packed + at.main, step.state(), step.h(), layout.row,
                                  slab.rows,
                                  KeptStream<V, kPanelVectors / C::kMainGates>(layout, slab, t + 1),
                                  [&](const Place& at, const auto& z) { C::Forward(step, at, z); });
    if constexpr (C::kGates > C::kMainGates) {
      GateProduct<V, 1>(layout, packed + at.candidate, step.state(), step.reset(), layout.reset_row,
                        slab.rows, Stream(),
                        [&](const Place& at, const auto& z) { C::ForwardCandidate(step, at, z); });
    }
    squares += Readout<V>(layout, packed, at, slab, step, t);
  }
  return squares;
}

// The sums of the gradient over steps first … first + steps - 1, whose gate gradients are there.
template <class V, class C>
void AddWeightGradients(const Layout& layout, const Slab& slab, int first, int steps,
                        float* gradient) {
  const GradientSums at = GradientSumsOf(layout);
  const Step step(layout, slab, first);
  const int depth = steps * slab.rows;
  const int head = layout.inputs + 1;
  const int vectors = layout.padded / V::kLanes;
  const int main_columns = C::kMainGates * layout.padded;
  float* head_sums = gradient + at.weights;
  float* hidden_sums = head_sums + int64_t{head} * layout.gate_row;
  const float* gates = step.gate_gradient();
  AddProduct<V>(step.state(), layout.row, gates, layout.gate_row, head_sums, layout.gate_row, head,
                C::kGates * vectors, depth);
  AddProduct<V>(step.h(), layout.row, gates, layout.gate_row, hidden_sums, layout.gate_row,
                layout.units, C::kMainGates * vectors, depth);
  if constexpr (C::kGates > C::kMainGates) {
    AddProduct<V>(step.reset(), layout.reset_row, gates + main_columns, layout.gate_row,
                  hidden_sums + main_columns, layout.gate_row, layout.units, vectors, depth);
  }
  AddProduct<V>(step.error(), layout.outputs, step.next_h() - layout.head, layout.row,
                gradient + at.readout, layout.row, layout.outputs, layout.row / V::kLanes, depth);
}

// Adds the slab's gradient to `gradient`, laid out by GradientSums. After Forward.
template <class V, class C>
void Backward(const Layout& layout, const float* packed, const Slab& slab, float* gradient) {
  const PackedWeights at = PackedWeightsOf(layout);
  const int main_columns = C::kMainGates * layout.padded;
  float* carry = C::kCarries ? slab.carry : nullptr;
  for (int64_t i = 0; i < int64_t{slab.rows} * layout.padded; ++i) {
    if constexpr (C::kCarries) slab.carry[i] = 0;
    if constexpr (C::kHasCell) slab.cell_carry[i] = 0;
  }
  for (int t = slab.steps - 1; t >= 0; --t) {
    const Step step(layout, slab, t);
    const Term readout = {step.error(), layout.outputs, packed + at.readout_back, layout.outputs};
    const auto finish = [&](const Place& at, typename V::F dh) { C::Backward(step, at, dh); };
    const Stream stream = KeptStream<V, kPanelVectors>(layout, slab, t - 1);
    if (t == slab.steps - 1) {
      StateProduct<V>(layout, carry, {readout}, slab.rows, stream, finish);
    } else {
      const Step later(layout, slab, t + 1);
      const Term gates = {later.gate_gradient(), layout.gate_row, packed + at.main_back,
                          main_columns};
      StateProduct<V>(layout, carry, {readout, gates}, slab.rows, stream, finish);
    }
    if constexpr (C::kGates > C::kMainGates) {
      const Term candidate = {step.gate_gradient() + C::kMainGates * layout.padded, layout.gate_row,
                              packed + at.candidate_back, layout.padded};
      StateProduct<V>(
          layout, nullptr, {candidate}, slab.rows, Stream(),
          [&](const Place& at, typename V::F drh) { C::BackwardCandidate(step, at, drh); });
    }
    if (t % slab.block_steps == 0) {
      const int left = slab.steps - t;
      AddWeightGradients<V, C>(layout, slab, t, left < slab.block_steps ? left : slab.block_steps,
                               gradient);
    }
  }
  const GradientSums sums = GradientSumsOf(layout);
  const Step first(layout, slab, 0);
  const Term gates = {first.gate_gradient(), layout.gate_row, packed + at.main_back, main_columns};
  StateProduct<V>(layout, carry, {gates}, slab.rows, Stream(),
                  [&](const Place& place, typename V::F dh) {
                    const int64_t unit = place.unit - place.row * layout.padded;
                    float* to = gradient + sums.initial + unit;
                    V::Store(to, V::Add(V::Load(to), dh));
                    if constexpr (C::kHasCell) {
                      float* cell = gradient + sums.initial_cell + unit;
                      V::Store(cell, V::Add(V::Load(cell), V::Load(first.cell_carry(place))));
                    }
                  });
}

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_SEQUENCE_H_
