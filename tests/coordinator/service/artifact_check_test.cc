#include "coordinator/service/artifact_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/array_file.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::HasSubstr;

const ExpectedCell kGru = {"gru", 4, 2, 2};

TEST(ArtifactCheck, PassesWhatASoundWorkerMakes) {
  EXPECT_TRUE(CheckArtifact("network", NetworkFile(), kGru).ok());
  EXPECT_TRUE(CheckArtifact("states", StatesFile(1), kGru).ok());
  EXPECT_TRUE(CheckArtifact("fixed_points", FixedPointsFile(), kGru).ok());
  // The inputs and outputs of a data set are not known here.
  EXPECT_TRUE(CheckArtifact("network", NetworkFile(), {"gru", 4, -1, -1}).ok());
}

TEST(ArtifactCheck, RefusesShapesOfAnotherCell) {
  for (const ExpectedCell& cell :
       {ExpectedCell{"lstm", 4, 2, 2}, ExpectedCell{"gru", 5, 2, 2}, ExpectedCell{"gru", 4, 3, 2},
        ExpectedCell{"gru", 4, 2, 1}, ExpectedCell{"ugrnn", 4, 2, 2},
        ExpectedCell{"vanilla", 4, 2, 2}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckArtifact("network", NetworkFile(), cell)))
        << cell.architecture << cell.units << cell.inputs << cell.outputs;
  }
  EXPECT_FALSE(CheckArtifact("states", StatesFile(1), {"gru", 5, 2, 2}).ok());
  EXPECT_FALSE(CheckArtifact("fixed_points", FixedPointsFile(), {"lstm", 4, 2, 2}).ok());
}

TEST(ArtifactCheck, RefusesACheckpointOfAnotherShape) {
  const auto checkpoint = [](int64_t parameters, int64_t velocities) {
    base::Archive archive;
    archive.Add("parameters",
                base::Array::Of<float>({parameters}, std::vector<float>(parameters, 0.5f)));
    archive.Add("velocity",
                base::Array::Of<float>({velocities}, std::vector<float>(velocities, 0.5f)));
    return *archive.Encode();
  };
  // 12 x 2, 12 x 4, 12, 2 x 4, 2, 4
  constexpr int64_t kCount = 98;
  EXPECT_TRUE(CheckArtifact("checkpoint", checkpoint(kCount, kCount), kGru).ok());
  EXPECT_TRUE(CheckArtifact("checkpoint", checkpoint(7, 7), {"gru", 4, -1, -1}).ok());
  const absl::Status parameters = CheckArtifact("checkpoint", checkpoint(97, 97), kGru);
  EXPECT_TRUE(absl::IsInvalidArgument(parameters)) << parameters;
  EXPECT_THAT(std::string(parameters.message()), HasSubstr("parameters"));
  const absl::Status velocity = CheckArtifact("checkpoint", checkpoint(kCount, 97), kGru);
  EXPECT_TRUE(absl::IsInvalidArgument(velocity)) << velocity;
  EXPECT_THAT(std::string(velocity.message()), HasSubstr("velocity"));
}

TEST(ArtifactCheck, KnowsALossCurve) {
  const auto curve = [](std::vector<int64_t> shape, double last) {
    const int64_t count = shape[0] * shape[1];
    std::vector<double> values(count, 0.5);
    values.back() = last;
    return base::EncodeNpy(base::Array::Of<double>(shape, values));
  };
  EXPECT_TRUE(CheckArtifact("curve", curve({4, 3}, 0.25), kGru).ok());
  EXPECT_THAT(std::string(CheckArtifact("curve", curve({3, 4}, 0.25), kGru).message()),
              HasSubstr("points x 3"));
  EXPECT_FALSE(CheckArtifact("curve", curve({4, 3}, std::nan("")), kGru).ok());
  EXPECT_FALSE(CheckArtifact("curve", "no array", kGru).ok());
}

TEST(ArtifactCheck, RefusesWhatIsNotFinite) {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const absl::Status network = CheckArtifact("network", NetworkFile(value), kGru);
    EXPECT_TRUE(absl::IsInvalidArgument(network));
    EXPECT_THAT(std::string(network.message()), HasSubstr("weight_hh_l0"));
    EXPECT_FALSE(CheckArtifact("checkpoint", NetworkFile(value), kGru).ok());
    const absl::Status states = CheckArtifact("states", StatesFile(1, value), kGru);
    EXPECT_THAT(std::string(states.message()), HasSubstr("element 319"));
  }
}

TEST(ArtifactCheck, RefusesWhatIsNoArrayFile) {
  for (const char* role : {"network", "checkpoint", "states", "fixed_points"}) {
    EXPECT_FALSE(CheckArtifact(role, "PK no zip", kGru).ok()) << role;
    EXPECT_FALSE(CheckArtifact(role, "", kGru).ok()) << role;
  }
}

}  // namespace
}  // namespace rnnfarm::service
