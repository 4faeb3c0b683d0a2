#include "worker/rnn/foreign_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::rnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kUnits = 2, kInputs = 1;

// rows x columns counting up from `first`.
base::Array Counting(int64_t rows, int64_t columns, double first) {
  std::vector<double> values(rows * std::max<int64_t>(columns, 1));
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<double>(i);
  return columns > 0 ? base::Array::Of<double>({rows, columns}, values)
                     : base::Array::Of<double>({rows}, values);
}

absl::StatusOr<NetworkFile> Read(const base::Archive& archive, const std::string& architecture,
                                 std::string* said = nullptr) {
  ForeignCell cell;
  cell.architecture = architecture;
  cell.activation = "tanh";
  cell.gate_bias = 0.5;
  cell.outputs = 3;
  return ReadNetwork(*archive.Encode(), "net.npz", cell, [said](const std::string& line) {
    if (said != nullptr) *said = line;
  });
}

std::vector<float> Slice(const NetworkFile& network, const std::string& name) {
  for (const ParameterSlice& slice : ParameterLayout(network.spec)) {
    if (slice.name != name) continue;
    const float* first = network.parameters.data() + slice.offset;
    return {first, first + slice.size};
  }
  return {};
}

TEST(ForeignNetwork, AddsPyTorchsTwoBiases) {
  base::Archive archive;
  archive.Add("weight_ih_l0", Counting(kUnits, kInputs, 1));
  archive.Add("weight_hh_l0", Counting(kUnits, kUnits, 10));
  archive.Add("bias_ih_l0", Counting(kUnits, 0, 100));
  archive.Add("bias_hh_l0", Counting(kUnits, 0, 1000));
  const auto network = Read(archive, "vanilla");
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->spec.units, kUnits);
  EXPECT_EQ(network->spec.inputs, kInputs);
  EXPECT_EQ(network->spec.outputs, 3);
  EXPECT_EQ(network->spec.gate_bias, 0.5);
  EXPECT_THAT(Slice(*network, "weight_hh_l0"), ElementsAre(10, 11, 12, 13));
  EXPECT_THAT(Slice(*network, "bias_ih_l0"), ElementsAre(1100, 1102));
  EXPECT_THAT(Slice(*network, "readout.bias"), ElementsAre(0, 0, 0));
}

TEST(ForeignNetwork, StacksTheEquationsGates) {
  const struct {
    const char* architecture;
    std::vector<std::string> letters;  // in the order of ParameterLayout
  } cases[] = {{"vanilla", {""}},
               {"ugrnn", {"_g", "_c"}},
               {"gru", {"_u", "_r", "_c"}},
               {"lstm", {"_I", "_F", "_G", "_O"}}};
  for (const auto& each : cases) {
    base::Archive archive;
    // Backwards: the order in the file does not matter.
    for (size_t gate = each.letters.size(); gate-- > 0;) {
      const double first = 100.0 * static_cast<double>(gate);
      archive.Add("W" + each.letters[gate], Counting(kUnits, kUnits, first));
      archive.Add("A" + each.letters[gate], Counting(kUnits, kInputs, first + 10));
      archive.Add("b" + each.letters[gate], Counting(kUnits, 0, first + 20));
    }
    archive.Add("R", Counting(1, kUnits, 7));
    archive.Add("b_o", Counting(1, 0, 9));
    std::string said;
    const auto network = Read(archive, each.architecture, &said);
    ASSERT_TRUE(network.ok()) << network.status();
    EXPECT_EQ(said, "");
    for (size_t gate = 0; gate < each.letters.size(); ++gate) {
      const float first = 100 * static_cast<float>(gate);
      EXPECT_EQ(Slice(*network, "weight_hh_l0")[gate * 4], first) << each.architecture;
      EXPECT_EQ(Slice(*network, "weight_ih_l0")[gate * 2 + 1], first + 11) << each.architecture;
      EXPECT_EQ(Slice(*network, "bias_ih_l0")[gate * 2], first + 20) << each.architecture;
    }
    EXPECT_EQ(network->spec.outputs, 1);
    EXPECT_THAT(Slice(*network, "readout.weight"), ElementsAre(7, 8));
  }
}

TEST(ForeignNetwork, NamesFileArrayAndExpectation) {
  const auto refused = [](const base::Archive& archive, const std::string& architecture) {
    const absl::Status status = Read(archive, architecture).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("net.npz"));
    return std::string(status.message());
  };
  base::Archive good;
  good.Add("weight_ih_l0", Counting(kUnits, kInputs, 1));
  good.Add("weight_hh_l0", Counting(kUnits, kUnits, 10));

  base::Archive unknown = good;
  unknown.Add("weight_ho", Counting(1, 1, 0));
  EXPECT_THAT(refused(unknown, "vanilla"), HasSubstr("weight_ho is no parameter of vanilla"));
  EXPECT_THAT(refused(good, "gru"), HasSubstr("weight_hh_l0 is (2, 2) <f8; expected 6 rows"));

  base::Archive readout = good;
  readout.Add("readout.weight", Counting(1, 3, 0));
  EXPECT_THAT(refused(readout, "vanilla"), HasSubstr("readout.weight"));

  base::Archive infinite = good;
  infinite.Add("bias_ih_l0",
               base::Array::Of<double>({2}, {1.0, std::numeric_limits<double>::infinity()}));
  EXPECT_THAT(refused(infinite, "vanilla"),
              HasSubstr("bias_ih_l0 is inf at element 1; expected finite"));

  base::Archive missing;
  missing.Add("W_g", Counting(kUnits, kUnits, 0));
  missing.Add("A_g", Counting(kUnits, kInputs, 0));
  missing.Add("A_c", Counting(kUnits, kInputs, 0));
  EXPECT_THAT(refused(missing, "ugrnn"), HasSubstr("W_c"));
}

TEST(ForeignNetwork, SaysThatAGruIsNotPyTorchs) {
  base::Archive archive;
  archive.Add("weight_ih_l0", Counting(3 * kUnits, kInputs, 1));
  archive.Add("weight_hh_l0", Counting(3 * kUnits, kUnits, 10));
  std::string said;
  ASSERT_TRUE(Read(archive, "gru", &said).ok());
  EXPECT_THAT(said, HasSubstr("unlike torch.nn.GRU"));
}

}  // namespace
}  // namespace rnnfarm::rnn
