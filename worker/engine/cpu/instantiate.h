// Makes the table of kernels.h for vectors V. Included by one source file an instruction set, which
// is compiled for it: nothing here may instantiate code that other files share.
#ifndef RNNFARM_WORKER_ENGINE_CPU_INSTANTIATE_H_
#define RNNFARM_WORKER_ENGINE_CPU_INSTANTIATE_H_

#include "worker/engine/cells.h"
#include "worker/engine/cpu/kernels.h"
#include "worker/engine/cpu/sequence.h"
#include "worker/rnn/gates.h"

namespace rnnfarm::engine::cpu {

template <class V>
class Instantiation {
 public:
  static constexpr Kernels Table(const char* name) {
    return {name, Pack, ForwardOf, BackwardOf, PointwiseTanh, PointwiseSigmoid, PointwiseExp};
  }

 private:
  using Architecture = rnn::Architecture;
  using Activation = rnn::Activation;

  // Where column `unit` of a gate begins in panels of `gates` gates and `depth` rows, and how far
  // apart its rows are.
  struct Column {
    int64_t first;
    int64_t width;
  };
  static Column ColumnOf(int padded, int gates, int depth, int gate, int unit) {
    const int unit_vectors = kPanelVectors / gates;
    const int vectors = padded / V::kLanes;
    const int vector = unit / V::kLanes;
    const int begin = vector / unit_vectors * unit_vectors;
    const int wide = vectors - begin < unit_vectors ? vectors - begin : unit_vectors;
    const int64_t panel = int64_t{depth} * gates * begin * V::kLanes;
    const int64_t column = (gate * wide + vector - begin) * V::kLanes + unit % V::kLanes;
    return {panel + column, int64_t{gates} * wide * V::kLanes};
  }

  // The transposes of [A, b, W] of gates first … first + gates - 1.
  static void PackForward(const Layout& layout, const float* weight_ih, const float* weight_hh,
                          const float* bias, int first, int gates, int biased_gate, float gate_bias,
                          float* panels) {
    for (int gate = 0; gate < gates; ++gate) {
      for (int unit = 0; unit < layout.units; ++unit) {
        const int64_t j = int64_t{first + gate} * layout.units + unit;
        const Column at = ColumnOf(layout.padded, gates, layout.depth(), gate, unit);
        float* to = panels + at.first;
        for (int m = 0; m < layout.inputs; ++m, to += at.width) {
          *to = weight_ih[j * layout.inputs + m];
        }
        *to = bias[j] + (first + gate == biased_gate ? gate_bias : 0.0f);
        to += at.width;
        for (int k = 0; k < layout.units; ++k, to += at.width)
          *to = weight_hh[j * layout.units + k];
      }
    }
  }

  // `rows` rows of (…, units), `apart` rows of the panels apart, in panels of `depth` rows.
  static void PackBack(const Layout& layout, const float* weights, int rows, int depth, int begin,
                       float* panels) {
    for (int j = 0; j < rows; ++j) {
      for (int unit = 0; unit < layout.units; unit += V::kLanes) {
        const Column at = ColumnOf(layout.padded, 1, depth, 0, unit);
        float* to = panels + at.first + (begin + j) * at.width;
        const float* from = weights + int64_t{j} * layout.units + unit;
        const int left = layout.units - unit;
        for (int i = 0; i < V::kLanes && i < left; ++i) to[i] = from[i];
      }
    }
  }

  static void Pack(const rnn::CellSpec& cell, const Layout& layout, const float* parameters,
                   float* packed) {
    const PackedWeights at = PackedWeightsOf(layout);
    const int64_t units = layout.units, all = int64_t{layout.gates} * units;
    const float* weight_ih = parameters;
    const float* weight_hh = weight_ih + all * layout.inputs;
    const float* bias = weight_hh + all * units;
    const float* readout = bias + all;
    const float* readout_bias = readout + int64_t{layout.outputs} * units;
    const float* initial = readout_bias + layout.outputs;
    const float gate_bias = static_cast<float>(cell.gate_bias);
    const int biased = rnn::BiasedGate(cell.architecture);
    const int candidates = layout.gates - layout.main_gates;
    PackForward(layout, weight_ih, weight_hh, bias, 0, layout.main_gates, biased, gate_bias,
                packed + at.main);
    const int depth = layout.main_gates * layout.padded;
    for (int gate = 0; gate < layout.main_gates; ++gate) {
      PackBack(layout, weight_hh + gate * units * units, layout.units, depth, gate * layout.padded,
               packed + at.main_back);
    }
    if (candidates > 0) {
      PackForward(layout, weight_ih, weight_hh, bias, layout.main_gates, 1, biased, gate_bias,
                  packed + at.candidate);
      PackBack(layout, weight_hh + layout.main_gates * units * units, layout.units, layout.padded,
               0, packed + at.candidate_back);
    }
    for (int k = 0; k < layout.outputs; ++k) {
      for (int unit = 0; unit < layout.units; ++unit) {
        packed[at.readout + int64_t{k} * layout.padded + unit] = readout[k * units + unit];
      }
      packed[at.readout_bias + k] = readout_bias[k];
    }
    PackBack(layout, readout, layout.outputs, layout.outputs, 0, packed + at.readout_back);
    const bool has_cell = cell.architecture == Architecture::kLstm;
    for (int unit = 0; unit < layout.units; ++unit) {
      packed[at.initial + unit] = initial[unit];
      if (has_cell) packed[at.initial_cell + unit] = initial[units + unit];
    }
  }

  template <class A>
  static Kernels::Forward ForwardWith(Architecture architecture) {
    switch (architecture) {
      case Architecture::kVanilla:
        return Forward<V, VanillaCell<V, A>>;
      case Architecture::kUgrnn:
        return Forward<V, UgrnnCell<V, A>>;
      case Architecture::kGru:
        return Forward<V, GruCell<V, A>>;
      case Architecture::kLstm:
        return Forward<V, LstmCell<V, A>>;
      case Architecture::kLeaky:
        return Forward<V, LeakyCell<V, A>>;
    }
    return nullptr;
  }
  static Kernels::Forward ForwardOf(Architecture architecture, Activation activation) {
    return activation == Activation::kTanh ? ForwardWith<TanhActivation<V>>(architecture)
                                           : ForwardWith<ReluActivation<V>>(architecture);
  }

  template <class A>
  static Kernels::Backward BackwardWith(Architecture architecture) {
    switch (architecture) {
      case Architecture::kVanilla:
        return Backward<V, VanillaCell<V, A>>;
      case Architecture::kUgrnn:
        return Backward<V, UgrnnCell<V, A>>;
      case Architecture::kGru:
        return Backward<V, GruCell<V, A>>;
      case Architecture::kLstm:
        return Backward<V, LstmCell<V, A>>;
      case Architecture::kLeaky:
        return Backward<V, LeakyCell<V, A>>;
    }
    return nullptr;
  }
  static Kernels::Backward BackwardOf(Architecture architecture, Activation activation) {
    return activation == Activation::kTanh ? BackwardWith<TanhActivation<V>>(architecture)
                                           : BackwardWith<ReluActivation<V>>(architecture);
  }

  static void PointwiseTanh(const float* x, float* out, int64_t n) {
    for (int64_t i = 0; i < n; i += V::kLanes) V::Store(out + i, Tanh<V>(V::Load(x + i)));
  }
  static void PointwiseSigmoid(const float* x, float* out, int64_t n) {
    for (int64_t i = 0; i < n; i += V::kLanes) V::Store(out + i, Sigmoid<V>(V::Load(x + i)));
  }
  static void PointwiseExp(const float* x, float* out, int64_t n) {
    for (int64_t i = 0; i < n; i += V::kLanes) V::Store(out + i, Exp<V>(V::Load(x + i)));
  }
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_INSTANTIATE_H_
