#include "worker/dynamics/cell_map.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/worker/dynamics/hand_made.h"

namespace rnnfarm::dynamics {
namespace {

using torch::Tensor;

constexpr int kInputs = 3;

struct Case {
  rnn::Architecture architecture;
  rnn::Activation activation;
  int units;
};

class CellMapOf : public ::testing::TestWithParam<Case> {
 protected:
  CellMapOf() {
    at::set_num_threads(1);
    const Case& c = GetParam();
    rnn::NetworkFile file = Blank(c.architecture, c.activation, c.units, kInputs, 2);
    file.spec.gate_bias = 0.7;
    file.spec.alpha = 0.3;
    base::RandomStream random(base::DeriveStream(11, "", "weights"));
    for (float& p : file.parameters) p = static_cast<float>(random.Normal() / std::sqrt(c.units));
    network_ = *Load(file);
    input_ = torch::tensor({0.5, -1.0, 0.25}, torch::kFloat64);
    states_ = torch::empty({5, network_.spec.state_size()}, torch::kFloat64);
    for (int64_t i = 0; i < states_.numel(); ++i) states_.data_ptr<double>()[i] = random.Normal();
  }

  const double* State(int64_t row) const {
    return states_.data_ptr<double>() + row * states_.size(1);
  }

  // All five together.
  Tensor Evaluate(CellMap& map, std::vector<CellMap::Kept>& kept) const {
    Tensor next = torch::empty_like(states_);
    std::vector<const double*> from;
    std::vector<double*> to;
    std::vector<CellMap::Kept*> keep;
    kept.resize(5);
    for (int64_t row = 0; row < 5; ++row) {
      from.push_back(State(row));
      to.push_back(next.data_ptr<double>() + row * next.size(1));
      keep.push_back(&kept[row]);
    }
    map.Evaluate(from, to, keep);
    return next;
  }

  const torch::NoGradGuard no_grad_;
  TrainedNetwork network_;
  Tensor input_, states_;
};

TEST_P(CellMapOf, EqualsTheEquations) {
  for (const dense::Kernels* kernels : dense::UsableKernels()) {
    CellMap map(network_, input_, *kernels);
    std::vector<CellMap::Kept> kept;
    const Tensor next = Evaluate(map, kept);
    EXPECT_TRUE(torch::allclose(next, Advance(network_, input_, states_), 0, 1e-14))
        << kernels->name;
  }
}

TEST_P(CellMapOf, TakesTheNewtonStepOfTheFullMap) {
  const rnn::Linearization line =
      rnn::Linearize(network_.spec, network_.weights, states_, RepeatInput(input_, 5));
  const int64_t s = states_.size(1);
  for (const dense::Kernels* kernels : dense::UsableKernels()) {
    CellMap map(network_, input_, *kernels);
    std::vector<CellMap::Kept> kept;
    const Tensor residual = (Evaluate(map, kept) - states_).contiguous();
    for (int64_t row = 0; row < 5; ++row) {
      CellMap::Factored factored;
      ASSERT_TRUE(map.Factor(State(row), kept[row], factored));
      Tensor step = torch::empty({s}, torch::kFloat64);
      map.Solve(factored, residual.data_ptr<double>() + row * s, step.data_ptr<double>());
      const Tensor shifted = torch::eye(s, torch::kFloat64) - line.jacobian[row];
      EXPECT_TRUE(torch::allclose(torch::mv(shifted, step), residual[row], 0, 1e-10))
          << kernels->name << " row " << row;
    }
  }
}

std::vector<Case> AllCells() {
  std::vector<Case> cases;
  for (const auto architecture :
       {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn, rnn::Architecture::kGru,
        rnn::Architecture::kLstm, rnn::Architecture::kLeaky}) {
    for (const auto activation : {rnn::Activation::kTanh, rnn::Activation::kRelu}) {
      for (const int units : {2, 13, 64}) cases.push_back({architecture, activation, units});
    }
  }
  return cases;
}

std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  return absl::StrCat(rnn::Name(info.param.architecture), "_", rnn::Name(info.param.activation),
                      "_", info.param.units);
}

INSTANTIATE_TEST_SUITE_P(Cells, CellMapOf, ::testing::ValuesIn(AllCells()), NameOf);

}  // namespace
}  // namespace rnnfarm::dynamics
