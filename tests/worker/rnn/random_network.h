// Cells with random weights, biases and initial states, for tests.
#ifndef RNNFARM_TESTS_WORKER_RNN_RANDOM_NETWORK_H_
#define RNNFARM_TESTS_WORKER_RNN_RANDOM_NETWORK_H_

#include <torch/torch.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::rnn {

inline std::vector<CellSpec> EveryCell() {
  std::vector<CellSpec> specs;
  for (const auto architecture : {Architecture::kVanilla, Architecture::kUgrnn, Architecture::kGru,
                                  Architecture::kLstm, Architecture::kLeaky}) {
    for (const auto activation : {Activation::kTanh, Activation::kRelu}) {
      CellSpec spec;
      spec.architecture = architecture;
      spec.activation = activation;
      spec.units = 7;
      spec.inputs = 3;
      spec.outputs = 2;
      spec.gate_bias = 0.75;
      spec.alpha = 0.3;
      specs.push_back(spec);
    }
  }
  return specs;
}

inline void PrintTo(const CellSpec& spec, std::ostream* out) {
  *out << Name(spec.architecture) << "_" << Name(spec.activation);
}

inline std::string CellName(const CellSpec& spec) {
  return absl::StrCat(Name(spec.architecture), "_", Name(spec.activation));
}

// Every parameter is random, biases and the initial state too; float32.
inline torch::Tensor RandomParameters(const CellSpec& spec) {
  torch::manual_seed(7);
  return Initialise(spec, 11, "random") + 0.2 * torch::randn({ParameterCount(spec)});
}

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_TESTS_WORKER_RNN_RANDOM_NETWORK_H_
