#include "worker/dynamics/cell_map.h"

#include <algorithm>
#include <cmath>

#include "worker/rnn/gates.h"

namespace rnnfarm::dynamics {

namespace {

using rnn::Architecture;
using torch::Tensor;

double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }
double GateSlope(double gate) { return gate * (1 - gate); }

// Arrays of N values that an evaluation keeps, in this order:
//   vanilla, leaky: f   ugrnn: g, c   gru: u, r, c   lstm: i, f, g, o, f(c')
int KeptGates(const rnn::CellSpec& spec) {
  return spec.gates() + (spec.architecture == Architecture::kLstm);
}

}  // namespace

CellMap::CellMap(const TrainedNetwork& network, const Tensor& input, const dense::Kernels& kernels)
    : spec_(network.spec),
      kernels_(kernels),
      units_(spec_.units),
      gates_(spec_.gates()),
      state_size_(spec_.state_size()),
      kept_gates_(KeptGates(spec_)),
      stride_(dense::StrideOf(units_)),
      gate_stride_(dense::StrideOf(int64_t{gates_} * units_)),
      weight_(gates_ * units_ * stride_, 0.0),
      negated_(units_ * gate_stride_, 0.0),
      projected_(gate_stride_, 0.0),
      scale_(4 * units_ + dense::Padded(units_), 0.0) {
  const Tensor w = network.weights.weight_hh.contiguous();
  const double* values = w.data_ptr<double>();
  for (int row = 0; row < gates_ * units_; ++row) {
    for (int column = 0; column < units_; ++column) {
      const double value = values[int64_t{row} * units_ + column];
      weight_[row * stride_ + column] = value;
      negated_[column * gate_stride_ + row] = -value;
    }
  }
  const Tensor projected =
      (network.weights.bias + torch::mv(network.weights.weight_ih, input)).contiguous();
  std::copy_n(projected.data_ptr<double>(), gates_ * units_, projected_.begin());
  if (const int gate = rnn::BiasedGate(spec_.architecture); gate >= 0) {
    for (int i = 0; i < units_; ++i) Gate(projected_, gate)[i] += spec_.gate_bias;
  }
  if (spec_.architecture == Architecture::kGru) {
    reset_.assign(units_ * stride_, 0.0);
    through_.assign(units_ * stride_, 0.0);
  }
}

// Exact to a rounding of 1, which is what a residual needs, not to one of the value.
double CellMap::F(double z) const {
  if (spec_.activation == rnn::Activation::kTanh) return 1 - 2 / (1 + std::exp(2 * z));
  return z > 0 ? z : (z <= 0 ? 0 : z);  // NaN stays
}

double CellMap::Slope(double value) const {
  if (spec_.activation == rnn::Activation::kTanh) return 1 - value * value;
  return value > 0 ? 1 : 0;
}

void CellMap::Preactivate(int rows, const std::vector<double>& from, int first, int last) {
  for (int row = 0; row < rows; ++row) {
    std::copy(projected_.begin() + first * units_, projected_.begin() + last * units_,
              pre_.begin() + row * gate_stride_ + first * units_);
  }
  // Whole vectors: what a stripe writes beyond its last gate is written again by that gate's own.
  kernels_.subtract_product(rows, (last - first) * units_, units_, from.data(), stride_,
                            negated_.data() + first * units_, gate_stride_,
                            pre_.data() + first * units_, gate_stride_);
}

void CellMap::Evaluate(const std::vector<const double*>& states, const std::vector<double*>& next,
                       const std::vector<Kept*>& kept) {
  const int rows = static_cast<int>(states.size());
  hidden_.resize(std::max<size_t>(hidden_.size(), rows * stride_), 0.0);
  pre_.resize(std::max<size_t>(pre_.size(), rows * gate_stride_), 0.0);
  for (int row = 0; row < rows; ++row) {
    std::copy_n(states[row], units_, hidden_.begin() + row * stride_);
    kept[row]->resize(kept_gates_ * units_);
  }
  if (spec_.architecture == Architecture::kGru) {
    Preactivate(rows, hidden_, 0, 2);
    for (int row = 0; row < rows; ++row) {
      double *u = Gate(*kept[row], 0), *r = Gate(*kept[row], 1);
      const double* pre = pre_.data() + row * gate_stride_;
      for (int i = 0; i < units_; ++i) {
        u[i] = Sigmoid(pre[i]);
        r[i] = Sigmoid(pre[units_ + i]);
        hidden_[row * stride_ + i] *= r[i];
      }
    }
    Preactivate(rows, hidden_, 2, 3);
  } else {
    Preactivate(rows, hidden_, 0, gates_);
  }
  for (int row = 0; row < rows; ++row) {
    Finish(states[row], pre_.data() + row * gate_stride_, kept[row]->data(), next[row]);
  }
}

void CellMap::Finish(const double* state, const double* pre, double* kept, double* next) const {
  const int n = units_;
  switch (spec_.architecture) {
    case Architecture::kVanilla:
      for (int i = 0; i < n; ++i) next[i] = kept[i] = F(pre[i]);
      return;
    case Architecture::kLeaky:
      for (int i = 0; i < n; ++i) {
        kept[i] = F(pre[i]);
        next[i] = (1 - spec_.alpha) * state[i] + spec_.alpha * kept[i];
      }
      return;
    case Architecture::kUgrnn:
      for (int i = 0; i < n; ++i) {
        const double g = kept[i] = Sigmoid(pre[i]), c = kept[n + i] = F(pre[n + i]);
        next[i] = g * state[i] + (1 - g) * c;
      }
      return;
    case Architecture::kGru:
      for (int i = 0; i < n; ++i) {
        const double u = kept[i], c = kept[2 * n + i] = F(pre[2 * n + i]);
        next[i] = u * state[i] + (1 - u) * c;
      }
      return;
    case Architecture::kLstm:
      for (int i = 0; i < n; ++i) {
        const double in = kept[i] = Sigmoid(pre[i]), forget = kept[n + i] = Sigmoid(pre[n + i]);
        const double g = kept[2 * n + i] = F(pre[2 * n + i]);
        const double o = kept[3 * n + i] = Sigmoid(pre[3 * n + i]);
        next[n + i] = forget * state[n + i] + in * g;
        const double value = kept[4 * n + i] = F(next[n + i]);
        next[i] = o * value;
      }
      return;
  }
}

// h' = u h + (1 - u) c, c = f(W_c (r h) + …)
void CellMap::FactorGru(const double* h, const double* kept, double* a) {
  const int n = units_;
  const double *u = kept, *r = kept + n, *c = kept + 2 * n;
  double *by_u = Gate(scale_, 0), *by_c = Gate(scale_, 1), *one = Gate(scale_, 2);
  double* columns = Gate(scale_, 4);
  for (int i = 0; i < n; ++i) {
    by_u[i] = (h[i] - c[i]) * GateSlope(u[i]);
    by_c[i] = (1 - u[i]) * Slope(c[i]);
    one[i] = 1;
    columns[i] = r[i];
  }
  kernels_.scale(n, one, Weight(2), columns, reset_.data(), stride_);
  const double* scales[] = {by_u, by_c};
  const double* weights[] = {Weight(0), reset_.data()};
  kernels_.combine(n, 2, scales, weights, a, stride_);
  // W_c diag(h r') W_r, through which r acts on c.
  for (int i = 0; i < n; ++i) columns[i] = h[i] * GateSlope(r[i]);
  kernels_.scale(n, by_c, Weight(2), columns, through_.data(), stride_);
  kernels_.subtract_product(n, n, n, through_.data(), stride_, Weight(1), stride_, a, stride_);
  for (int i = 0; i < n; ++i) a[i * stride_ + i] += 1 - u[i];
}

// c' = F c + I G, h' = O f(c'): from (1 - F) δc = r_c + ∂c'/∂h δh,
// (I - diag(by_o) W_o - diag(by_cell / (1 - F)) ∂c'/∂h) δh = r_h + by_cell F / (1 - F) r_c.
void CellMap::FactorLstm(const double* state, const double* kept, Factored& out) {
  const int n = units_;
  const double *in = kept, *forget = kept + n, *g = kept + 2 * n, *o = kept + 3 * n;
  const double* value = kept + 4 * n;
  for (std::vector<double>* each :
       {&out.by_gate[0], &out.by_gate[1], &out.by_gate[2], &out.pull, &out.gain}) {
    each->resize(n);
  }
  for (int i = 0; i < n; ++i) {
    const double by_cell = o[i] * Slope(value[i]);
    out.by_gate[0][i] = g[i] * GateSlope(in[i]);
    out.by_gate[1][i] = state[n + i] * GateSlope(forget[i]);
    out.by_gate[2][i] = in[i] * Slope(g[i]);
    out.pull[i] = 1 - forget[i];
    out.gain[i] = by_cell * forget[i] / out.pull[i];
    for (int t = 0; t < 3; ++t) {
      Gate(scale_, t)[i] = by_cell / out.pull[i] * out.by_gate[t][i];
    }
    Gate(scale_, 3)[i] = value[i] * GateSlope(o[i]);
  }
  const double* scales[] = {Gate(scale_, 0), Gate(scale_, 1), Gate(scale_, 2), Gate(scale_, 3)};
  const double* weights[] = {Weight(0), Weight(1), Weight(2), Weight(3)};
  kernels_.combine(n, 4, scales, weights, out.lu.data(), stride_);
  for (int i = 0; i < n; ++i) out.lu[i * stride_ + i] += 1;
}

bool CellMap::Factor(const double* state, const Kept& kept, Factored& out) {
  const int n = units_;
  out.lu.resize(n * stride_);
  out.pivot.resize(n);
  double* a = out.lu.data();
  double *first = Gate(scale_, 0), *second = Gate(scale_, 1);
  const double* scales[] = {first, second};
  const double* weights[] = {Weight(0), gates_ > 1 ? Weight(1) : nullptr};
  switch (spec_.architecture) {
    case Architecture::kVanilla:
    case Architecture::kLeaky: {
      const double alpha = spec_.architecture == Architecture::kLeaky ? spec_.alpha : 1;
      for (int i = 0; i < n; ++i) first[i] = alpha * Slope(kept[i]);
      kernels_.combine(n, 1, scales, weights, a, stride_);
      for (int i = 0; i < n; ++i) a[i * stride_ + i] += alpha;
      break;
    }
    case Architecture::kUgrnn:
      for (int i = 0; i < n; ++i) {
        const double g = kept[i], c = kept[n + i];
        first[i] = (state[i] - c) * GateSlope(g);
        second[i] = (1 - g) * Slope(c);
      }
      kernels_.combine(n, 2, scales, weights, a, stride_);
      for (int i = 0; i < n; ++i) a[i * stride_ + i] += 1 - kept[i];
      break;
    case Architecture::kGru:
      FactorGru(state, kept.data(), a);
      break;
    case Architecture::kLstm:
      FactorLstm(state, kept.data(), out);
      break;
  }
  return kernels_.factor(n, a, stride_, out.pivot.data());
}

void CellMap::Solve(const Factored& factored, const double* residual, double* step) {
  const int n = units_;
  const bool lstm = spec_.architecture == Architecture::kLstm;
  for (int i = 0; i < n; ++i) {
    step[i] = residual[i] + (lstm ? factored.gain[i] * residual[n + i] : 0);
  }
  kernels_.solve(n, factored.lu.data(), stride_, factored.pivot.data(), step);
  if (!lstm) return;
  pre_.resize(std::max<size_t>(pre_.size(), gate_stride_));
  std::fill_n(pre_.begin(), gate_stride_, 0.0);
  kernels_.subtract_product(1, 3 * n, n, step, stride_, negated_.data(), gate_stride_, pre_.data(),
                            gate_stride_);
  for (int i = 0; i < n; ++i) {
    double by_h = 0;
    for (int t = 0; t < 3; ++t) by_h += factored.by_gate[t][i] * pre_[t * n + i];
    step[n + i] = (residual[n + i] + by_h) / factored.pull[i];
  }
}

}  // namespace rnnfarm::dynamics
