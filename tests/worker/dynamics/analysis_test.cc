#include "worker/dynamics/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "tests/worker/dynamics/hand_made.h"

namespace rnnfarm::dynamics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool Always(absl::string_view, double) { return true; }

class Analysis : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }

  static absl::StatusOr<Report> Run(const rnn::NetworkFile& network) {
    return Analyze(network, AtRest(network.spec.inputs), Few(), 7, "network", Always);
  }
};

std::vector<double> Values(const Report& report, absl::string_view name) {
  const auto archive = base::Archive::Decode(report.fixed_points_file, "fixed points");
  return *(*archive->Find(name))->ToDoubles();
}

std::vector<int64_t> Shape(const Report& report, absl::string_view name) {
  const auto archive = base::Archive::Decode(report.fixed_points_file, "fixed points");
  return (*archive->Find(name))->shape;
}

TEST_F(Analysis, WritesStatesPointsAndGraphOfTwoBistableUnits) {
  const auto report = Run(Bistable(2));
  ASSERT_TRUE(report.ok()) << report.status();
  const auto states = base::DecodeNpy(report->states_file, "states");
  ASSERT_TRUE(states.ok());
  EXPECT_THAT(states->shape, ElementsAre(8, 10, 2));
  EXPECT_EQ(states->dtype, "<f4");
  EXPECT_EQ(base::FirstNonFinite(*states), -1);

  EXPECT_THAT(Shape(*report, "xstar"), ElementsAre(9, 2));
  EXPECT_THAT(Shape(*report, "J_xstar"), ElementsAre(9, 2, 2));
  EXPECT_THAT(Shape(*report, "transitions"), ElementsAre(9, 9));
  EXPECT_THAT(Values(*report, "n_unstable"), ElementsAre(0, 1, 0, 1, 2, 1, 0, 1, 0));
  EXPECT_THAT(Values(*report, "node_point"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  const std::vector<double> a = Values(*report, "transitions");
  for (int row = 0; row < 9; ++row) {
    double sum = 0;
    int reached = 0;
    for (int column = 0; column < 9; ++column) {
      sum += a[row * 9 + column];
      reached += a[row * 9 + column] > 0;
    }
    EXPECT_NEAR(sum, 1, 1e-9) << row;
    EXPECT_EQ(reached, 1 << static_cast<int>(Values(*report, "n_unstable")[row])) << row;
  }
  ASSERT_EQ(report->conditions.size(), 1u);
  EXPECT_TRUE(report->conditions[0].certified);
}

TEST_F(Analysis, GivesTheSameBytesTwice) {
  const auto first = Run(Bistable(2)), second = Run(Bistable(2));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->states_file, second->states_file);
  EXPECT_EQ(first->fixed_points_file, second->fixed_points_file);
}

TEST_F(Analysis, OfANetworkWithoutFixedPointsIsAResult) {
  rnn::NetworkFile network = Plain(rnn::Activation::kRelu, 2, {1, 0, 0, 1});
  Set(network, "bias_ih_l0", {0.1f, 0.1f});
  const auto report = Run(network);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Shape(*report, "xstar"), ElementsAre(0, 2));
  EXPECT_THAT(Shape(*report, "J_xstar"), ElementsAre(0, 2, 2));
  EXPECT_THAT(Shape(*report, "eigvec_J_xstar"), ElementsAre(0, 2, 2));
  EXPECT_THAT(Shape(*report, "transitions"), ElementsAre(0, 0));
  EXPECT_EQ(report->conditions[0].unique, 0);
}

TEST_F(Analysis, RefusesWeightsThatAreNotFinite) {
  rnn::NetworkFile network = Bistable(2);
  Set(network, "weight_hh_l0", {2, 0, std::numeric_limits<float>::quiet_NaN(), 2});
  const absl::Status status = Run(network).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("weight_hh_l0 element 2"));
}

TEST_F(Analysis, RefusesANetworkOfAnotherShapeThanItsTask) {
  const auto report = Analyze(Bistable(2), AtRest(3), Few(), 7, "network", Always);
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("2 inputs"));
}

TEST_F(Analysis, StopsWhenProgressSaysSo) {
  for (const std::string stop : {"states", "fixed points", "graph", "ways"}) {
    const auto report = Analyze(Bistable(1), AtRest(1), Few(), 7, "network",
                                [&](absl::string_view phase, double) { return phase != stop; });
    EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled) << stop;
  }
}

TEST_F(Analysis, ShowsASignOfLifeWithinItsPhasesAndStopsAtAny) {
  std::map<std::string, int> asked;
  int questions = 0;
  const auto whole =
      Analyze(Bistable(2), AtRest(2), Few(), 7, "network", [&](absl::string_view phase, double) {
        ++questions;
        return ++asked[std::string(phase)] > 0;
      });
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (const std::string phase : {"states", "fixed points", "graph", "ways"}) {
    EXPECT_GT(asked[phase], 3) << phase;
  }
  for (int last = 1; last < questions; last += 7) {
    int left = last;
    const auto report = Analyze(Bistable(2), AtRest(2), Few(), 7, "network",
                                [&](absl::string_view, double) { return --left > 0; });
    EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled) << last;
    EXPECT_EQ(left, 0) << "asked again after it was told to stop";
  }
}

TEST_F(Analysis, LeavesFilesThatNumPyOpensWithoutPickle) {
  const auto report = Run(Bistable(2));
  ASSERT_TRUE(report.ok());
  const std::string folder = ::testing::TempDir();
  const std::string states = absl::StrCat(folder, "dynamics_states.npy");
  const std::string points = absl::StrCat(folder, "dynamics_points.npz");
  ASSERT_TRUE(base::WriteFile(states, report->states_file).ok());
  ASSERT_TRUE(base::WriteFile(points, report->fixed_points_file).ok());
  const std::string script = R"(
import json, sys
import numpy as np
h = np.load(sys.argv[1], allow_pickle=False)
assert h.shape == (8, 10, 2) and h.dtype == np.float32
f = np.load(sys.argv[2], allow_pickle=False)
x, J, w, R = (f[k] for k in ("xstar", "J_xstar", "eigval_J_xstar", "eigvec_J_xstar"))
assert np.allclose(np.tanh(2 * x), x)
assert np.allclose(J, 2 * (1 - x[:, :, None] ** 2) * np.eye(2))
assert np.allclose(J @ R, R * w[:, None, :])
assert f["is_stable"].dtype == bool and f["is_stable"].sum() == 4
assert not f["is_slow"].any()
assert np.allclose(f["dFdx"], (1 - x[:, :, None] ** 2) * np.eye(2))
meta = json.loads(str(f["meta"]))
assert meta["conditions"][0]["by_index"] == [4, 4, 1] and meta["conditions"][0]["certified"]
for k in ("inputs", "qstar", "cond_id", "n_unstable", "readout", "transitions", "node_point"):
    assert len(f[k]) == 9, k
)";
  const std::string path = absl::StrCat(folder, "dynamics_check.py");
  ASSERT_TRUE(base::WriteFile(path, script).ok());
  EXPECT_EQ(std::system(absl::StrCat("/usr/bin/python3 ", path, " ", states, " ", points).c_str()),
            0);
}

// Whatever libtorch throws about a device that is not there is a status.
TEST_F(Analysis, OnADeviceThatIsNotThereFailsInAStatus) {
  constexpr int kNoDevice = 100;
  const auto report = Analyze(Bistable(1), AtRest(1), Few(), 7, "network", Always, kNoDevice);
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInternal) << report.status();
}

}  // namespace
}  // namespace rnnfarm::dynamics
