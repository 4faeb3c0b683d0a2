#include <gtest/gtest.h>

#include "tests/worker/rnn/random_network.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::rnn {
namespace {

using torch::Tensor;

constexpr int64_t kBatch = 4;

class EachLinearization : public testing::TestWithParam<CellSpec> {
 protected:
  EachLinearization()
      : weights_(Unpack(GetParam(), RandomParameters(GetParam()).to(torch::kFloat64))),
        state_(torch::randn({kBatch, GetParam().state_size()}, torch::kFloat64)),
        x_(torch::randn({kBatch, GetParam().inputs}, torch::kFloat64)),
        linear_(Linearize(GetParam(), weights_, state_, x_, true)) {}

  Tensor F(const Tensor& state, const Tensor& x) const {
    return Step(GetParam(), weights_, state, x);
  }

  // d F_i / d of, (batch, S, columns): batch entries do not touch each other.
  Tensor ByAutograd(bool of_input) const {
    const Tensor state = state_.clone().requires_grad_(!of_input);
    const Tensor x = x_.clone().requires_grad_(of_input);
    const Tensor next = F(state, x);
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < next.size(1); ++i) {
      rows.push_back(torch::autograd::grad({next.select(1, i).sum()}, {of_input ? x : state}, {},
                                           /*retain_graph=*/true)[0]);
    }
    return torch::stack(rows, 1);
  }

  Tensor ByDifferences(bool of_input) const {
    constexpr double kStep = 1e-6;
    std::vector<Tensor> columns;
    for (int64_t i = 0; i < (of_input ? x_ : state_).size(1); ++i) {
      Tensor step = torch::zeros_like(of_input ? x_ : state_);
      step.select(1, i).fill_(kStep);
      const Tensor zero = torch::zeros({1}, torch::kFloat64);
      const Tensor ds = of_input ? zero : step, dx = of_input ? step : zero;
      columns.push_back((F(state_ + ds, x_ + dx) - F(state_ - ds, x_ - dx)) / (2 * kStep));
    }
    return torch::stack(columns, 2);
  }

  Weights weights_;
  Tensor state_, x_;
  Linearization linear_;
};

INSTANTIATE_TEST_SUITE_P(Cells, EachLinearization, testing::ValuesIn(EveryCell()),
                         [](const auto& info) { return CellName(info.param); });

TEST_P(EachLinearization, NextIsTheStep) {
  EXPECT_TRUE(torch::allclose(linear_.next, F(state_, x_), 1e-14, 1e-14));
}

TEST_P(EachLinearization, AgreesWithAutograd) {
  EXPECT_TRUE(torch::allclose(linear_.jacobian, ByAutograd(false), 1e-12, 1e-12));
  EXPECT_TRUE(torch::allclose(linear_.input_gain, ByAutograd(true), 1e-12, 1e-12));
}

TEST_P(EachLinearization, AgreesWithFiniteDifferences) {
  EXPECT_LT((linear_.jacobian - ByDifferences(false)).abs().max().item<double>(), 1e-7);
  EXPECT_LT((linear_.input_gain - ByDifferences(true)).abs().max().item<double>(), 1e-7);
}

TEST_P(EachLinearization, TheInputGainIsLeftOutUnlessAskedFor) {
  EXPECT_FALSE(Linearize(GetParam(), weights_, state_, x_).input_gain.defined());
}

}  // namespace
}  // namespace rnnfarm::rnn
