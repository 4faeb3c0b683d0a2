#include "coordinator/population/preview.h"

#include "gmock/gmock.h"
#include "tests/coordinator/population/sweep_text.h"

namespace rnnfarm::population {
namespace {

v1::SweepPreview PreviewOf(const v1::SweepSpec& spec) {
  const v1::SweepSpec resolved = WithDefaults(spec);
  const Population population = Enumerate(resolved);
  return Preview(population, JobsOf(resolved, population));
}

TEST(Preview, CountsThePaperAnAxis) {
  v1::SweepSpec spec = ParseSweep(kPaperSweep);
  EXPECT_EQ(PreviewOf(spec).networks(), 8640);
  spec.MergeFrom(ParseSweep(R"(
      training { keep_untrained: true }
      exclude { task: "sine" architecture: "lstm" activation: "relu" reason: "no" })"));
  const v1::SweepPreview preview = PreviewOf(spec);
  EXPECT_EQ(preview.networks(), 8280);
  EXPECT_EQ(preview.untrained(), 8280);
  std::string told;
  for (const v1::AxisCount& axis : preview.axes()) {
    told += axis.axis();
    if (axis.axis() != "seed") {
      for (const v1::AxisValueCount& value : axis.values()) {
        told += " " + value.value() + ":" + std::to_string(value.networks());
      }
    }
    told += "\n";
  }
  EXPECT_EQ(told,
            "task flipflop:2880 sine:2520 cdi:2880\n"
            "architecture vanilla:2160 ugrnn:2160 gru:2160 lstm:1800\n"
            "activation relu:3960 tanh:4320\n"
            "units 64:2760 128:2760 256:2760\n"
            "l2 1e-05:2070 0.0001:2070 0.001:2070 0.01:2070\n"
            "seed\n");
  ASSERT_EQ(preview.stages_size(), 4);
  // 32 draws, of which 16, 8 and 4 go on.
  EXPECT_EQ(preview.stages(0).jobs(), 276 * (32 + 16 + 8 + 4));
  EXPECT_EQ(preview.stages(1).jobs(), 8280);
  EXPECT_EQ(preview.stages(2).jobs(), 2 * 8280);
  EXPECT_EQ(preview.stages(3).jobs(), 3);
}

TEST(CostKey, IsTheSameForWhatCostsTheSame) {
  const v1::SweepSpec spec = WithDefaults(ParseSweep(kPaperSweep));
  v1::SweepSpec renamed = spec;
  renamed.set_base_seed(1);
  renamed.mutable_task(0)->set_name("another");
  const v1::Configuration first = Enumerate(spec).configurations[0];
  v1::Configuration other = Enumerate(renamed).configurations[0];
  other.set_l2(0.5);
  for (v1::JobKind kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
    EXPECT_EQ(CostKey(spec, first, kind, 0), CostKey(renamed, other, kind, 0)) << kind;
    other.set_units(1000);
    EXPECT_NE(CostKey(spec, first, kind, 0), CostKey(renamed, other, kind, 0)) << kind;
    other.set_units(first.units());
  }
  EXPECT_NE(CostKey(spec, first, v1::JOB_KIND_SEARCH, 0),
            CostKey(spec, first, v1::JOB_KIND_SEARCH, 1));
  v1::SweepSpec longer = spec;
  longer.mutable_training()->set_iterations(7);
  EXPECT_NE(CostKey(spec, first, v1::JOB_KIND_TRAIN, 0),
            CostKey(longer, first, v1::JOB_KIND_TRAIN, 0));
  EXPECT_EQ(CostKey(spec, first, v1::JOB_KIND_ANALYZE, 0),
            CostKey(longer, first, v1::JOB_KIND_ANALYZE, 0));
}

}  // namespace
}  // namespace rnnfarm::population
