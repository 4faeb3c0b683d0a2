#include "worker/rnn/network_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/array_file.h"
#include "tests/worker/rnn/random_network.h"

namespace rnnfarm::rnn {
namespace {

using testing::HasSubstr;

NetworkFile Network(const CellSpec& spec) {
  NetworkFile network;
  network.spec = spec;
  const torch::Tensor flat = RandomParameters(spec);
  network.parameters.assign(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  network.loss_curve = {{0, 1.5, 1.25}, {50, 0.1, 0.2}};
  network.key = "a-b";
  network.meta["key"] = "\"a-b\"";
  return network;
}

// The file of a GRU with one array changed, or left out when `array` is null.
std::string With(absl::string_view name, const base::Array* array) {
  const auto archive = base::Archive::Decode(*EncodeNetwork(Network(EveryCell()[4])), "net.npz");
  base::Archive changed;
  for (const auto& [key, value] : archive->entries()) {
    if (key != name) {
      changed.Add(key, value);
    } else if (array != nullptr) {
      changed.Add(key, *array);
    }
  }
  return *changed.Encode();
}

std::string Refusal(absl::string_view bytes) {
  const auto network = DecodeNetwork(bytes, "net.npz");
  EXPECT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(network.status().message());
}

TEST(NetworkFileTest, EveryCellComesBackAsItWas) {
  for (const CellSpec& spec : EveryCell()) {
    const NetworkFile network = Network(spec);
    const auto bytes = EncodeNetwork(network);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto read = DecodeNetwork(*bytes, "net.npz");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(CellName(read->spec), CellName(spec));
    EXPECT_EQ(read->spec.units, spec.units);
    EXPECT_EQ(read->spec.inputs, spec.inputs);
    EXPECT_EQ(read->spec.outputs, spec.outputs);
    EXPECT_EQ(read->spec.gate_bias, spec.gate_bias);
    EXPECT_EQ(read->spec.alpha, spec.alpha);
    EXPECT_EQ(read->spec.noise, spec.noise);
    EXPECT_EQ(read->parameters, network.parameters);
    EXPECT_EQ(read->key, "a-b");
    ASSERT_EQ(read->loss_curve.size(), 2);
    EXPECT_EQ(read->loss_curve[1].iteration, 50);
    EXPECT_EQ(read->loss_curve[1].train_loss, 0.1);
    EXPECT_EQ(read->loss_curve[1].validation_loss, 0.2);
    EXPECT_EQ(*EncodeNetwork(network), *bytes) << "the same network must give the same bytes";
  }
}

TEST(NetworkFileTest, MetaSaysWhatPeopleAsk) {
  const auto archive = base::Archive::Decode(*EncodeNetwork(Network(EveryCell()[6])), "net.npz");
  EXPECT_EQ(*(*archive->Find("meta"))->ToText(),
            R"({"activation": "tanh", "alpha": 0.3, "architecture": "lstm", "gate_bias": 0.75, )"
            R"("gate_order": ["i", "f", "g", "o"], "inputs": 3, "key": "a-b", "noise": 0, )"
            R"("outputs": 2, "pytorch_equivalent": true, "units": 7})");
}

TEST(NetworkFileTest, TheSecondBiasHoldsTheConstantOfTheGate) {
  const auto archive = base::Archive::Decode(*EncodeNetwork(Network(EveryCell()[6])), "net.npz");
  const auto bias = (*archive->Find("bias_hh_l0"))->ToDoubles();
  for (int i = 0; i < 28; ++i) EXPECT_EQ((*bias)[i], i >= 7 && i < 14 ? 0.75 : 0) << i;
}

TEST(NetworkFileTest, AMissingArrayIsNamed) {
  for (const char* name : {"architecture", "activation", "units", "gate_bias", "alpha", "noise",
                           "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "readout.weight",
                           "readout.bias", "initial_state", "loss_curve"}) {
    EXPECT_THAT(Refusal(With(name, nullptr)), HasSubstr(absl::StrCat("no array ", name))) << name;
  }
  EXPECT_TRUE(DecodeNetwork(With("meta", nullptr), "net.npz").ok());
}

TEST(NetworkFileTest, AWrongShapeIsNamedWithTheExpectedOne) {
  const base::Array wrong = base::Array::Of<float>({2, 2}, std::vector<float>(4, 1.0f));
  EXPECT_THAT(Refusal(With("weight_hh_l0", &wrong)), HasSubstr("weight_hh_l0 has shape (2, 2)"));
  EXPECT_THAT(Refusal(With("weight_hh_l0", &wrong)), HasSubstr("expected (21, 7)"));
  EXPECT_THAT(Refusal(With("readout.weight", &wrong)), HasSubstr("readout.weight has shape"));
}

TEST(NetworkFileTest, NumbersThatAreNotFiniteAreRefusedBothWays) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const base::Array state = base::Array::Of<float>({7}, {0, 0, 0, bad, 0, 0, 0});
    EXPECT_THAT(Refusal(With("initial_state", &state)),
                HasSubstr("array initial_state is not finite at element 3"));
    NetworkFile network = Network(EveryCell()[0]);
    network.parameters[0] = bad;
    EXPECT_THAT(std::string(EncodeNetwork(network).status().message()),
                HasSubstr("weight_ih_l0 is not finite at element 0"));
  }
}

TEST(NetworkFileTest, OtherNonsenseIsRefused) {
  const base::Array text = base::Array::Text("transformer");
  EXPECT_THAT(Refusal(With("architecture", &text)), HasSubstr("use one of: vanilla"));
  const double half = 0.5;
  const base::Array units = base::Array::Of<double>({}, absl::MakeConstSpan(&half, 1));
  EXPECT_THAT(Refusal(With("units", &units)), HasSubstr("units is 0.5"));
  const base::Array bias = base::Array::Of<float>({21}, std::vector<float>(21, 0.5f));
  EXPECT_THAT(Refusal(With("bias_hh_l0", &bias)), HasSubstr("add the rest to bias_ih_l0"));
  EXPECT_THAT(Refusal("no zip at all"), HasSubstr("net.npz"));
  NetworkFile network = Network(EveryCell()[0]);
  network.parameters.pop_back();
  EXPECT_THAT(std::string(EncodeNetwork(network).status().message()), HasSubstr("parameters"));
}

}  // namespace
}  // namespace rnnfarm::rnn
