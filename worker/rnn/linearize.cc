// The Jacobians of the cells' equations, written out by hand from them. diag(a) W is a row scaling,
// a[:, :, None] * W, batched over the states.
#include "worker/rnn/activation.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::rnn {

namespace {

using torch::Tensor;

// diag(a) W for each row of a: (batch, N) and (N, K) or (batch, N, K) -> (batch, N, K).
Tensor ScaleRows(const Tensor& a, const Tensor& matrix) { return a.unsqueeze(2) * matrix; }

// W diag(a): (N, K) and (batch, K) -> (batch, N, K).
Tensor ScaleColumns(const Tensor& matrix, const Tensor& a) { return matrix * a.unsqueeze(1); }

// The derivative of the logistic function from its value.
Tensor GateSlope(const Tensor& gate) { return gate * (1 - gate); }

Tensor PreActivation(const Weights& w, const Tensor& h, const Tensor& x) {
  return torch::addmm(torch::addmm(w.bias, x, w.weight_ih.t()), h, w.weight_hh.t());
}

// h' = (1 - a) h + a f(z); vanilla: a = 1.
Linearization LinearizeAdditive(const CellSpec& spec, const Weights& w, const Tensor& h,
                                const Tensor& x, bool with_input_gain) {
  const double a = spec.architecture == Architecture::kLeaky ? spec.alpha : 1;
  const Tensor value = Activate(spec.activation, PreActivation(w, h, x));
  const Tensor slope = a * ActivationSlope(spec.activation, value);
  Linearization out;
  out.next = (1 - a) * h + a * value;
  out.jacobian = ScaleRows(slope, w.weight_hh) + (1 - a) * torch::eye(spec.units, h.options());
  if (with_input_gain) out.input_gain = ScaleRows(slope, w.weight_ih);
  return out;
}

// h' = g h + (1 - g) c
Linearization LinearizeUgrnn(const CellSpec& spec, const Weights& w, const Tensor& h,
                             const Tensor& x, bool with_input_gain) {
  const Tensor z = PreActivation(w, h, x);
  const Tensor g = torch::sigmoid(GateColumns(spec, z, 0) + spec.gate_bias);
  const Tensor c = Activate(spec.activation, GateColumns(spec, z, 1));
  const Tensor by_g = (h - c) * GateSlope(g);
  const Tensor by_c = (1 - g) * ActivationSlope(spec.activation, c);
  Linearization out;
  out.next = g * h + (1 - g) * c;
  out.jacobian = torch::diag_embed(g) + ScaleRows(by_g, GateRows(spec, w.weight_hh, 0)) +
                 ScaleRows(by_c, GateRows(spec, w.weight_hh, 1));
  if (with_input_gain) {
    out.input_gain = ScaleRows(by_g, GateRows(spec, w.weight_ih, 0)) +
                     ScaleRows(by_c, GateRows(spec, w.weight_ih, 1));
  }
  return out;
}

// h' = u h + (1 - u) c, c = f(W_c (r h) + …)
Linearization LinearizeGru(const CellSpec& spec, const Weights& w, const Tensor& h, const Tensor& x,
                           bool with_input_gain) {
  const int64_t n = spec.units;
  const Tensor p = torch::addmm(w.bias, x, w.weight_ih.t());
  const Tensor z = torch::addmm(p.narrow(1, 0, 2 * n), h, w.weight_hh.narrow(0, 0, 2 * n).t());
  const Tensor u = torch::sigmoid(GateColumns(spec, z, 0) + spec.gate_bias);
  const Tensor r = torch::sigmoid(GateColumns(spec, z, 1));
  const Tensor candidate_weight = GateRows(spec, w.weight_hh, 2);
  const Tensor c =
      Activate(spec.activation, torch::addmm(GateColumns(spec, p, 2), r * h, candidate_weight.t()));
  const Tensor by_u = (h - c) * GateSlope(u);
  const Tensor by_c = (1 - u) * ActivationSlope(spec.activation, c);
  // W_c diag(h r'), through which r acts on c.
  const Tensor through_reset = ScaleColumns(candidate_weight, h * GateSlope(r));
  Linearization out;
  out.next = u * h + (1 - u) * c;
  out.jacobian = torch::diag_embed(u) + ScaleRows(by_u, GateRows(spec, w.weight_hh, 0)) +
                 ScaleRows(by_c, ScaleColumns(candidate_weight, r) +
                                     torch::matmul(through_reset, GateRows(spec, w.weight_hh, 1)));
  if (with_input_gain) {
    out.input_gain =
        ScaleRows(by_u, GateRows(spec, w.weight_ih, 0)) +
        ScaleRows(by_c, GateRows(spec, w.weight_ih, 2) +
                            torch::matmul(through_reset, GateRows(spec, w.weight_ih, 1)));
  }
  return out;
}

// c' = F c + I G, h' = O f(c')
Linearization LinearizeLstm(const CellSpec& spec, const Weights& w, const Tensor& state,
                            const Tensor& x, bool with_input_gain) {
  const Tensor h = state.narrow(1, 0, spec.units);
  const Tensor c = state.narrow(1, spec.units, spec.units);
  const Tensor z = PreActivation(w, h, x);
  const Tensor i = torch::sigmoid(GateColumns(spec, z, 0));
  const Tensor f = torch::sigmoid(GateColumns(spec, z, 1) + spec.gate_bias);
  const Tensor g = Activate(spec.activation, GateColumns(spec, z, 2));
  const Tensor o = torch::sigmoid(GateColumns(spec, z, 3));
  const Tensor next_c = f * c + i * g;
  const Tensor value = Activate(spec.activation, next_c);

  const Tensor by_i = g * GateSlope(i), by_f = c * GateSlope(f);
  const Tensor by_g = i * ActivationSlope(spec.activation, g), by_o = value * GateSlope(o);
  const Tensor by_cell = o * ActivationSlope(spec.activation, value);  // dh'/dc'
  // ∂c'/∂(what the weights act on) and ∂h'/∂ the same, for the state's and the input's weights.
  const auto cell_gain = [&](const Tensor& weight) {
    return ScaleRows(by_i, GateRows(spec, weight, 0)) + ScaleRows(by_f, GateRows(spec, weight, 1)) +
           ScaleRows(by_g, GateRows(spec, weight, 2));
  };
  const auto hidden_gain = [&](const Tensor& weight, const Tensor& cell) {
    return ScaleRows(by_o, GateRows(spec, weight, 3)) + ScaleRows(by_cell, cell);
  };
  const Tensor cell_by_h = cell_gain(w.weight_hh);
  Linearization out;
  out.next = torch::cat({o * value, next_c}, 1);
  out.jacobian = torch::cat(
      {torch::cat({hidden_gain(w.weight_hh, cell_by_h), torch::diag_embed(by_cell * f)}, 2),
       torch::cat({cell_by_h, torch::diag_embed(f)}, 2)},
      1);
  if (with_input_gain) {
    const Tensor cell_by_x = cell_gain(w.weight_ih);
    out.input_gain = torch::cat({hidden_gain(w.weight_ih, cell_by_x), cell_by_x}, 1);
  }
  return out;
}

}  // namespace

Linearization Linearize(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                        const torch::Tensor& x, bool with_input_gain) {
  switch (spec.architecture) {
    case Architecture::kVanilla:
    case Architecture::kLeaky:
      return LinearizeAdditive(spec, w, state, x, with_input_gain);
    case Architecture::kUgrnn:
      return LinearizeUgrnn(spec, w, state, x, with_input_gain);
    case Architecture::kGru:
      return LinearizeGru(spec, w, state, x, with_input_gain);
    case Architecture::kLstm:
      return LinearizeLstm(spec, w, state, x, with_input_gain);
  }
  TORCH_CHECK(false, "unknown architecture");
}

}  // namespace rnnfarm::rnn
