#include "worker/rnn/cell.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/array_file.h"
#include "tests/worker/rnn/random_network.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::rnn {
namespace {

using torch::Tensor;

constexpr int64_t kSteps = 20, kBatch = 3;

class EachCell : public testing::TestWithParam<CellSpec> {};

INSTANTIATE_TEST_SUITE_P(Cells, EachCell, testing::ValuesIn(EveryCell()),
                         [](const auto& info) { return CellName(info.param); });

template <typename T>
base::Array ArrayOf(const Tensor& tensor) {
  const Tensor values = tensor.contiguous();
  return base::Array::Of<T>(values.sizes().vec(),
                            absl::MakeConstSpan(values.data_ptr<T>(), values.numel()));
}

// States (T + 1, B, S) from the initial one on.
Tensor Trajectory(const CellSpec& spec, const Weights& w, const Tensor& x) {
  std::vector<Tensor> states = {InitialState(spec, w, x.size(1))};
  for (int64_t t = 0; t < x.size(0); ++t) states.push_back(Step(spec, w, states.back(), x[t]));
  return torch::stack(states);
}

// Runs the independent statement of the equations on files in a folder of their own.
template <typename T>
void ExpectAgreesWithNumpy(const CellSpec& spec, double tolerance) {
  const Tensor flat = RandomParameters(spec);
  const auto type = torch::CppTypeToScalarType<T>::value;
  const Weights w = Unpack(spec, flat.to(type));
  const Tensor x = torch::randn({kSteps, kBatch, spec.inputs}, type);
  const Tensor states = Trajectory(spec, w, x);
  base::Archive run;
  run.Add("x", ArrayOf<T>(x));
  run.Add("states", ArrayOf<T>(states));
  run.Add("y", ArrayOf<T>(Readout(spec, w, states)));
  NetworkFile network;
  network.spec = spec;
  network.parameters.assign(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());

  std::string folder = (std::filesystem::temp_directory_path() / "cell_test_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(base::WriteFile(folder + "/network.npz", *EncodeNetwork(network)).ok());
  ASSERT_TRUE(base::WriteFile(folder + "/run.npz", *run.Encode()).ok());
  const std::string command =
      absl::StrCat("OMP_NUM_THREADS=1 /usr/bin/python3 tests/worker/rnn/cells_numpy.py ", folder,
                   "/network.npz ", folder, "/run.npz ", tolerance);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::filesystem::remove_all(folder);
}

TEST_P(EachCell, AgreesWithNumpyInFloat64) { ExpectAgreesWithNumpy<double>(GetParam(), 1e-12); }
TEST_P(EachCell, AgreesWithNumpyInFloat32) { ExpectAgreesWithNumpy<float>(GetParam(), 2e-5); }

TEST_P(EachCell, TheLayoutCoversTheFlatVectorWithoutGaps) {
  const CellSpec& spec = GetParam();
  int64_t end = 0;
  for (const ParameterSlice& slice : ParameterLayout(spec)) {
    EXPECT_EQ(slice.offset, end) << slice.name;
    end += slice.size;
  }
  EXPECT_EQ(end, ParameterCount(spec));
  const Weights w = Unpack(spec, torch::arange(end, torch::kFloat64));
  EXPECT_EQ(w.weight_ih.sizes(), (std::vector<int64_t>{spec.gates() * 7, 3}));
  EXPECT_EQ(w.initial_state[-1].item<double>(), static_cast<double>(end - 1));
}

TEST_P(EachCell, AProjectedInputGivesTheSameStep) {
  const CellSpec& spec = GetParam();
  const Weights w = Unpack(spec, RandomParameters(spec).to(torch::kFloat64));
  const Tensor state = torch::randn({kBatch, spec.state_size()}, torch::kFloat64);
  const Tensor x = torch::randn({kBatch, spec.inputs}, torch::kFloat64);
  const Tensor projected = torch::matmul(x, w.weight_ih.t()) + w.bias;
  EXPECT_TRUE(torch::allclose(Step(spec, w, state, x), StepProjected(spec, w, state, projected),
                              1e-13, 1e-13));
}

TEST(CellTest, NoiseActsInsideTheNonlinearityOfTheLeakyCellAlone) {
  for (const CellSpec& spec : EveryCell()) {
    const Weights w = Unpack(spec, RandomParameters(spec).to(torch::kFloat64));
    const Tensor state = torch::randn({kBatch, spec.state_size()}, torch::kFloat64);
    const Tensor x = torch::randn({kBatch, spec.inputs}, torch::kFloat64);
    const Tensor noise = torch::randn({kBatch, spec.units}, torch::kFloat64);
    const Tensor silent = Step(spec, w, state, x), noisy = Step(spec, w, state, x, noise);
    if (spec.architecture != Architecture::kLeaky) {
      EXPECT_TRUE(torch::equal(silent, noisy)) << CellName(spec);
      continue;
    }
    const Tensor z =
        torch::matmul(state, w.weight_hh.t()) + torch::matmul(x, w.weight_ih.t()) + w.bias + noise;
    const Tensor f = spec.activation == Activation::kTanh ? z.tanh() : z.relu();
    EXPECT_TRUE(torch::allclose(noisy, 0.7 * state + 0.3 * f, 1e-12, 1e-12)) << CellName(spec);
  }
}

// With a diagonal W_c the reset commutes with the product, and the two GRUs are one.
TEST(CellTest, GruEqualsPyTorchsWhereTheResetCommutes) {
  CellSpec spec = EveryCell()[4];
  ASSERT_EQ(CellName(spec), "gru_tanh");
  const int64_t n = spec.units;
  Weights w = Unpack(spec, RandomParameters(spec).to(torch::kFloat64));
  w.weight_hh = torch::cat(
      {w.weight_hh.narrow(0, 0, 2 * n), torch::diag(torch::randn({n}, torch::kFloat64))});
  torch::nn::GRU theirs(torch::nn::GRUOptions(spec.inputs, n));
  theirs->to(torch::kFloat64);
  // PyTorch stacks r, z, n; ours are u (its z), r, c.
  const auto reorder = [n](const Tensor& stacked) {
    return torch::cat(
        {stacked.narrow(0, n, n), stacked.narrow(0, 0, n), stacked.narrow(0, 2 * n, n)});
  };
  const torch::NoGradGuard no_gradient;
  auto parameters = theirs->named_parameters();
  parameters["weight_ih_l0"].copy_(reorder(w.weight_ih));
  parameters["weight_hh_l0"].copy_(reorder(w.weight_hh));
  parameters["bias_ih_l0"].copy_(reorder(w.bias));
  parameters["bias_hh_l0"].zero_();
  parameters["bias_hh_l0"].narrow(0, n, n).fill_(spec.gate_bias);
  const Tensor x = torch::randn({kSteps, kBatch, spec.inputs}, torch::kFloat64);
  const Tensor ours = Trajectory(spec, w, x);
  const Tensor out = std::get<0>(theirs->forward(x, ours.narrow(0, 0, 1).contiguous()));
  EXPECT_TRUE(torch::allclose(out, ours.narrow(0, 1, kSteps), 1e-12, 1e-12));
}

TEST(CellTest, InitialWeightsHaveUnitGainAndTheirOwnStreams) {
  CellSpec spec;
  spec.architecture = Architecture::kGru;
  spec.units = 128;
  spec.inputs = 50;
  const Tensor flat = Initialise(spec, 1, "a");
  const Weights w = Unpack(spec, flat);
  EXPECT_NEAR(w.weight_hh.std().item<double>() * std::sqrt(128.0), 1, 0.02);
  EXPECT_NEAR(w.weight_ih.std().item<double>() * std::sqrt(50.0), 1, 0.02);
  EXPECT_NEAR(w.weight_hh.mean().item<double>(), 0, 0.002);
  for (const Tensor& zero : {w.bias, w.readout_bias, w.initial_state}) {
    EXPECT_EQ(zero.abs().sum().item<double>(), 0);
  }
  EXPECT_TRUE(torch::equal(flat, Initialise(spec, 1, "a")));
  EXPECT_FALSE(torch::equal(flat, Initialise(spec, 1, "b")));
  EXPECT_FALSE(torch::equal(flat, Initialise(spec, 2, "a")));
}

TEST(CellTest, AnUnknownNameIsAnsweredWithTheValidOnes) {
  EXPECT_EQ(ParseArchitecture("rnn").status().message(),
            "unknown architecture \"rnn\"; use one of: vanilla, ugrnn, gru, lstm, leaky");
  EXPECT_EQ(ParseActivation("gelu").status().message(),
            "unknown activation \"gelu\"; use one of: tanh, relu");
  for (const CellSpec& spec : EveryCell()) {
    EXPECT_EQ(*ParseArchitecture(Name(spec.architecture)), spec.architecture);
    EXPECT_EQ(*ParseActivation(Name(spec.activation)), spec.activation);
  }
}

}  // namespace
}  // namespace rnnfarm::rnn
