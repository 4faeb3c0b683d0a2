// The general design of sequence.h: what stands between its products.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_GENERAL_SEQUENCE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_GENERAL_SEQUENCE_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

// One thread a unit of a row.
struct PointKernel {
  static constexpr int kThreads = 256;
  Layout layout;
  Arrays arrays;
  int t = 0;

  static int64_t Blocks(const Layout& layout, int64_t slots) { return slots * SlotBlocks(layout); }
  RNNFARM_HD static int64_t SlotBlocks(const Layout& layout) {
    return (layout.unit_slot() + kThreads - 1) / kThreads;
  }

  // Where one unit of one row is.
  struct Point {
    int64_t slot;
    int row, unit;
    float *h, *next_h, *gates;  // of this unit; gates are `units` apart
    int64_t in_step;            // of (B, N)
    bool valid;
  };
  RNNFARM_HD_INLINE Point PointOf(int64_t block, int thread) const {
    Point p;
    p.slot = block / SlotBlocks(layout);
    p.in_step = block % SlotBlocks(layout) * kThreads + thread;
    p.valid = p.in_step < layout.unit_slot();
    p.row = static_cast<int>(p.in_step / layout.units);
    p.unit = static_cast<int>(p.in_step % layout.units);
    const int64_t rows = int64_t{t} * layout.batch + p.row;
    p.h = arrays.state + p.slot * layout.state_slot() + rows * layout.row + layout.head + p.unit;
    p.next_h = p.h + int64_t{layout.batch} * layout.row;
    p.gates = arrays.gates + p.slot * layout.gates_slot() + rows * layout.gate_row() + p.unit;
    return p;
  }
  RNNFARM_HD_INLINE float* CellOf(const Point& p) const {
    return arrays.cell + p.slot * layout.cell_slot() + t * layout.unit_slot() + p.in_step;
  }
  RNNFARM_HD_INLINE float* ResetOf(const Point& p) const {
    const int64_t rows = int64_t{t} * layout.batch + p.row;
    return arrays.reset + p.slot * layout.state_slot() + rows * layout.row;
  }
  RNNFARM_HD_INLINE float NoiseOf(const Point& p) const {
    if (arrays.noise == nullptr) return 0;
    return arrays.noise[p.slot * layout.noise_slot() +
                        (int64_t{p.row} * layout.steps + t) * layout.units + p.unit];
  }
};

// h_0 and c_0, the same for every row.
struct BeginStates : PointKernel {
  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const Point p = PointOf(block.index(), thread);
      if (!p.valid) return;
      const float* initial =
          arrays.weights + p.slot * layout.weights_size() + layout.initial_at() + p.unit;
      *p.h = initial[0];
      if (layout.has_cell) *CellOf(p) = initial[layout.units];
    });
  }
};

template <class C>
struct ForwardPoint : PointKernel {
  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const Point p = PointOf(block.index(), thread);
      if (!p.valid) return;
      Element e;
      e.alpha_ = layout.alpha;
      e.noise_ = NoiseOf(p);
      e.h_ = *p.h;
      if constexpr (C::kHasCell) e.c_ = *CellOf(p);
      float z[C::kMainGates];
      for (int g = 0; g < C::kMainGates; ++g) z[g] = p.gates[g * layout.units];
      C::Forward(e, Nowhere(), z);
      for (int g = 0; g < C::kMainGates && g < C::kKept; ++g) {
        p.gates[g * layout.units] = e.kept_[g];
      }
      if constexpr (C::kHasCell) CellOf(p)[layout.unit_slot()] = e.next_c_;
      if constexpr (C::kGates > C::kMainGates) {
        float* reset = ResetOf(p);
        reset[layout.head + p.unit] = e.reset_h_;
        const float* input = p.h - p.unit - layout.head;
        for (int m = p.unit; m < layout.head; m += layout.units) reset[m] = input[m];
      } else {
        *p.next_h = e.next_h_;
      }
    });
  }
};

template <class C>
struct ForwardCandidatePoint : PointKernel {
  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const Point p = PointOf(block.index(), thread);
      if (!p.valid) return;
      Element e;
      e.h_ = *p.h;
      e.kept_[0] = p.gates[0];
      float* candidate = p.gates + C::kMainGates * layout.units;
      const float z[1] = {*candidate};
      C::ForwardCandidate(e, Nowhere(), z);
      *candidate = e.kept_[2];
      *p.next_h = e.next_h_;
    });
  }
};

// `carry` holds what comes from step t + 1, if there is one.
template <class C, class A>
struct BackwardPoint : PointKernel {
  bool last = false;  // of the trial

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const Point p = PointOf(block.index(), thread);
      if (!p.valid) return;
      float* carry = arrays.carry + p.slot * layout.unit_slot() + p.in_step;
      Element e;
      e.alpha_ = layout.alpha;
      e.h_ = *p.h;
      e.next_h_ = *p.next_h;
      for (int g = 0; g < C::kGates && g < C::kKept; ++g) e.kept_[g] = p.gates[g * layout.units];
      float* cell_carry = nullptr;
      if constexpr (C::kHasCell) {
        cell_carry = arrays.cell_carry + p.slot * layout.unit_slot() + p.in_step;
        e.c_ = *CellOf(p);
        e.kept_[4] = A::Value(CellOf(p)[layout.unit_slot()]);
        e.cell_carry_ = last ? 0 : *cell_carry;
      }
      C::Backward(e, Nowhere(), (last ? 0 : *carry) + FromReadout(p));
      for (int g = 0; g < C::kGates; ++g) {
        if (C::kGates > C::kMainGates && g == 1) continue;  // r's value is still needed
        p.gates[g * layout.units] = e.gate_[g];
      }
      if constexpr (C::kCarries) *carry = e.carry_;
      if constexpr (C::kHasCell) *cell_carry = e.cell_carry_;
    });
  }

 private:
  RNNFARM_HD_INLINE float FromReadout(const Point& p) const {
    const float* readout = arrays.weights + p.slot * layout.weights_size() + layout.readout_at() +
                           layout.head + p.unit;
    const float* error = arrays.error + p.slot * layout.output_slot() +
                         (int64_t{t} * layout.batch + p.row) * layout.outputs;
    float sum = 0;
    for (int k = 0; k < layout.outputs; ++k)
      sum = base::MultiplyAdd(error[k], readout[k * layout.row], sum);
    return sum;
  }
};

template <class C>
struct BackwardCandidatePoint : PointKernel {
  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const Point p = PointOf(block.index(), thread);
      if (!p.valid) return;
      const int64_t at = p.slot * layout.unit_slot() + p.in_step;
      Element e;
      e.h_ = *p.h;
      e.kept_[1] = p.gates[layout.units];
      e.carry_ = arrays.carry[at];
      C::BackwardCandidate(e, Nowhere(), arrays.product[at]);
      p.gates[layout.units] = e.gate_[1];
      arrays.carry[at] = e.carry_;
    });
  }
};

// The initial state's gradient: carries summed over rows. One thread a unit.
struct SumInitial {
  static constexpr int kThreads = 128;
  Layout layout;
  Arrays arrays;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      float* to = arrays.gradient + block.index() * layout.weights_size() + layout.initial_at();
      const int64_t first = block.index() * layout.unit_slot();
      for (int unit = thread; unit < layout.units; unit += kThreads) {
        to[unit] = Sum(arrays.carry + first + unit);
        if (layout.has_cell) to[layout.units + unit] = Sum(arrays.cell_carry + first + unit);
      }
    });
  }

 private:
  RNNFARM_HD_INLINE float Sum(const float* carry) const {
    float sum = 0;
    for (int row = 0; row < layout.batch; ++row) sum += carry[int64_t{row} * layout.units];
    return sum;
  }
};

// Which factors a product has: the weights of the gates of one of a step's two products, and the
// rows that they are multiplied with.
struct GateBlock {
  int first = 0, count = 0;  // gates
  const float* rows = nullptr;

  static GateBlock Main(const Layout& layout, const Arrays& arrays) {
    return {0, layout.main_gates, arrays.state};
  }
  static GateBlock Candidate(const Layout& layout, const Arrays& arrays) {
    return {layout.main_gates, layout.gates - layout.main_gates, arrays.reset};
  }
};

// Pre-activations of step t.
inline Product PreActivations(const Layout& l, const Arrays& arrays, const GateBlock& block, int t,
                              int64_t slots) {
  Product p;
  p.m = l.batch;
  p.n = int64_t{block.count} * l.units;
  p.k = l.row;
  p.a = {block.rows + int64_t{t} * l.batch * l.row, l.row, l.state_slot(), false};
  p.b = {arrays.weights + int64_t{block.first} * l.units * l.row, l.row, l.weights_size(), true};
  p.c = arrays.gates + int64_t{t} * l.batch * l.gate_row() + int64_t{block.first} * l.units;
  p.c_row = l.gate_row();
  p.c_slot = l.gates_slot();
  p.slots = slots;
  return p;
}

// ∂loss/∂(the rows' units) of step t from the gates' gradients.
inline Product BackThroughWeights(const Layout& l, const Arrays& arrays, const GateBlock& block,
                                  int t, float beta, float* to, int64_t slots) {
  const int64_t first = int64_t{block.first} * l.units;
  Product p;
  p.m = l.batch;
  p.n = l.units;
  p.k = int64_t{block.count} * l.units;
  p.a = {arrays.gates + int64_t{t} * l.batch * l.gate_row() + first, l.gate_row(), l.gates_slot(),
         false};
  p.b = {arrays.weights + first * l.row + l.head, l.row, l.weights_size(), false};
  p.beta = beta;
  p.c = to;
  p.c_row = l.units;
  p.c_slot = l.unit_slot();
  p.slots = slots;
  return p;
}

// Over all steps and rows.
inline Product WeightGradient(const Layout& l, const Arrays& arrays, const GateBlock& block,
                              int steps, int64_t slots) {
  const int64_t first = int64_t{block.first} * l.units;
  Product p;
  p.m = int64_t{block.count} * l.units;
  p.n = l.row;
  p.k = int64_t{steps} * l.batch;
  p.a = {arrays.gates + first, l.gate_row(), l.gates_slot(), true};
  p.b = {block.rows, l.row, l.state_slot(), false};
  p.c = arrays.gradient + first * l.row;
  p.c_row = l.row;
  p.c_slot = l.weights_size();
  p.slots = slots;
  return p;
}

template <class Machine, class C, class A>
struct General {
  static constexpr bool kCandidate = C::kGates > C::kMainGates;

  static void Forward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                      int steps) {
    const int64_t blocks = PointKernel::Blocks(layout, slots);
    machine.Launch(BeginStates{{layout, arrays, 0}}, blocks, 0);
    for (int t = 0; t < steps; ++t) {
      machine.Multiply(PreActivations(layout, arrays, GateBlock::Main(layout, arrays), t, slots));
      machine.Launch(ForwardPoint<C>{{layout, arrays, t}}, blocks, 0);
      if constexpr (kCandidate) {
        machine.Multiply(
            PreActivations(layout, arrays, GateBlock::Candidate(layout, arrays), t, slots));
        machine.Launch(ForwardCandidatePoint<C>{{layout, arrays, t}}, blocks, 0);
      }
    }
  }

  static void Backward(Machine& machine, const Layout& layout, const Arrays& arrays, int64_t slots,
                       int steps) {
    const int64_t blocks = PointKernel::Blocks(layout, slots);
    const GateBlock main = GateBlock::Main(layout, arrays);
    const GateBlock candidate = GateBlock::Candidate(layout, arrays);
    for (int t = steps - 1; t >= 0; --t) {
      machine.Launch(BackwardPoint<C, A>{{layout, arrays, t}, t == steps - 1}, blocks, 0);
      if constexpr (kCandidate) {
        machine.Multiply(
            BackThroughWeights(layout, arrays, candidate, t, 0, arrays.product, slots));
        machine.Launch(BackwardCandidatePoint<C>{{layout, arrays, t}}, blocks, 0);
      }
      machine.Multiply(BackThroughWeights(layout, arrays, main, t, C::kCarries ? 1.0f : 0.0f,
                                          arrays.carry, slots));
    }
    machine.Launch(SumInitial{layout, arrays}, slots, 0);
    machine.Multiply(WeightGradient(layout, arrays, main, steps, slots));
    if constexpr (kCandidate) {
      machine.Multiply(WeightGradient(layout, arrays, candidate, steps, slots));
    }
  }
};

template <class Machine>
Sequence<Machine> GeneralSequence(rnn::Architecture architecture, rnn::Activation activation) {
  const auto with = [](auto cell, auto f) {
    using Of = General<Machine, decltype(cell), decltype(f)>;
    return Sequence<Machine>{&Of::Forward, &Of::Backward};
  };
  return activation == rnn::Activation::kTanh
             ? WithCell<TanhActivation<Scalar>>(architecture, with)
             : WithCell<ReluActivation<Scalar>>(architecture, with);
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_GENERAL_SEQUENCE_H_
