// The two engines on CPUs beside each other: different arithmetic, the same training.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/engine/small_training.h"

namespace rnnfarm::engine {
namespace {

class AgreementTest : public SmallTraining {
 protected:
  // Of the losses at each point of the two curves, relative.
  static double LargestDifference(const std::vector<rnn::LossPoint>& one,
                                  const std::vector<rnn::LossPoint>& other) {
    double largest = one.size() == other.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
      const auto differ = [&](double a, double b) {
        largest = std::max(largest, std::abs(a - b) / std::abs(b));
      };
      EXPECT_EQ(one[i].iteration, other[i].iteration);
      differ(one[i].train_loss, other[i].train_loss);
      differ(one[i].validation_loss, other[i].validation_loss);
    }
    return largest;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, AgreementTest, testing::Values("cpu"), EngineName);

// Rounding errors grow during training; in a hundred iterations by less than this.
TEST_P(AgreementTest, AHundredIterationsGiveTheReferencesLossCurve) {
  plan_.iterations = plan_.decay_steps = 100;
  std::vector<Member> pack = EveryCell();
  for (Member& member : pack) member.until_iteration = plan_.iterations;
  Recorder recorder;
  const auto reference = (*MakeEngine("reference"))->Train(plan_, pack, 1, recorder);
  ASSERT_TRUE(reference.ok()) << reference.status();
  const std::vector<Outcome> outcomes = Train(pack, 1);
  for (size_t i = 0; i < pack.size(); ++i) {
    const auto& curve = outcomes[i].last.loss_curve;
    EXPECT_LT(LargestDifference(curve, (*reference)[i].last.loss_curve), 1e-3)
        << pack[i].stream_key;
    EXPECT_LT(curve.back().train_loss, curve[1].train_loss) << pack[i].stream_key;
  }
}

}  // namespace
}  // namespace rnnfarm::engine
