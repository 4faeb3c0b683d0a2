// F and its Newton matrix in plain float64 arrays, for the search that evaluates them a million
// times; the equations are those of rnn::Step and rnn::Linearize.
//
// Thread-compatible: a map has scratch memory of its own.
#ifndef RNNFARM_WORKER_DYNAMICS_CELL_MAP_H_
#define RNNFARM_WORKER_DYNAMICS_CELL_MAP_H_

#include <cstdint>
#include <vector>

#include "worker/dynamics/dense/dense.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

class CellMap {
 public:
  // What one evaluation leaves for the linear map at the same state.
  using Kept = std::vector<double>;

  // I - J, factored, with c eliminated for the LSTM: an N x N system whatever the cell.
  struct Factored {
    std::vector<double> lu;
    std::vector<int> pivot;
    // LSTM: ∂c'/∂(pre-activations of i, f, g), 1 - ∂c'/∂c, and ∂h'/∂c / (1 - ∂c'/∂c); N each.
    std::vector<double> by_gate[3], pull, gain;
  };

  // At constant input (M). Keeps copies of the weights, not the network.
  CellMap(const TrainedNetwork& network, const torch::Tensor& input,
          const dense::Kernels& kernels = *dense::UsableKernels().front());

  int state_size() const { return state_size_; }

  // next[i] = F(state[i]), states of state_size() values; kept[i] is resized.
  void Evaluate(const std::vector<const double*>& states, const std::vector<double*>& next,
                const std::vector<Kept*>& kept);

  // Of the linear map at `state`. False if I - J is not finite.
  bool Factor(const double* state, const Kept& kept, Factored& out);

  // step = (I - J)⁻¹ residual, both of state_size() values.
  void Solve(const Factored& factored, const double* residual, double* step);

 private:
  double* Gate(std::vector<double>& values, int gate) const {
    return values.data() + gate * units_;
  }
  const double* Weight(int gate) const { return weight_.data() + gate * units_ * stride_; }
  double F(double z) const;
  double Slope(double value) const;
  // pre_ (rows, G N) = bias + W x - rows of `from` times the negated weights of gates first … last.
  void Preactivate(int rows, const std::vector<double>& from, int first, int last);
  // F from pre-activations.
  void Finish(const double* state, const double* pre, double* kept, double* next) const;

  void FactorGru(const double* state, const double* kept, double* a);
  void FactorLstm(const double* state, const double* kept, Factored& out);

  const rnn::CellSpec spec_;
  const dense::Kernels& kernels_;
  const int units_, gates_, state_size_, kept_gates_;
  const int64_t stride_;                 // of (N, N)
  const int64_t gate_stride_;            // of (any, G N)
  std::vector<double> weight_;           // (G, N, stride)
  std::vector<double> negated_;          // -W_hhᵀ, (N, gate_stride)
  std::vector<double> projected_;        // (gate_stride), bias + W_ih x + gate bias
  std::vector<double> hidden_;           // (rows, stride)
  std::vector<double> pre_;              // (rows, gate_stride)
  std::vector<double> scale_;            // (4, N), and a padded row
  std::vector<double> reset_, through_;  // (N, stride)
};

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_CELL_MAP_H_
