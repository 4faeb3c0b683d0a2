#include "worker/runtime/spec_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace rnnfarm::worker {
namespace {

using testing::HasSubstr;

v1::JobSpec Spec() {
  v1::JobSpec spec;
  spec.set_kind(v1::JOB_KIND_TRAIN);
  spec.set_base_seed(7);
  spec.set_stream_key("memory-gru-tanh-8-l2_1e-05-s3");
  spec.mutable_task()->set_name("memory");
  spec.mutable_task()->mutable_flip_flop()->set_bits(2);
  spec.set_architecture("gru");
  spec.set_activation("tanh");
  spec.set_units(8);
  spec.set_l2(1e-5);
  spec.mutable_training()->set_iterations(100);
  spec.mutable_hyperparameters()->set_learning_rate(0.1);
  spec.mutable_hyperparameters()->set_clip_norm(1);
  spec.set_until_iteration(100);
  return spec;
}

std::unique_ptr<task::Task> TaskOf(const v1::JobSpec& spec) {
  return task::MakeTask(TaskSpecOf(spec.task(), "").value()).value();
}

TEST(SpecConversionTest, CellTakesItsWidthsFromTheTask) {
  const v1::JobSpec spec = Spec();
  const auto cell = CellSpecOf(spec, *TaskOf(spec));
  ASSERT_TRUE(cell.ok()) << cell.status();
  EXPECT_EQ(cell->architecture, rnn::Architecture::kGru);
  EXPECT_EQ(cell->units, 8);
  EXPECT_EQ(cell->inputs, 2);
  EXPECT_EQ(cell->outputs, 2);
}

TEST(SpecConversionTest, DecayStepsDefaultToTheIterations) {
  const v1::JobSpec spec = Spec();
  const auto task = TaskOf(spec);
  EXPECT_EQ(PlanOf(spec, *task)->decay_steps, 100);
}

TEST(SpecConversionTest, PrecisionIsOfThePlan) {
  v1::JobSpec spec = Spec();
  const auto task = TaskOf(spec);
  EXPECT_EQ(PlanOf(spec, *task)->precision, engine::Precision::kFp32);
  const std::pair<const char*, engine::Precision> names[] = {{"fp32", engine::Precision::kFp32},
                                                             {"tf32", engine::Precision::kTf32},
                                                             {"bf16", engine::Precision::kBf16}};
  for (const auto& [name, precision] : names) {
    spec.mutable_training()->set_precision(name);
    EXPECT_EQ(PlanOf(spec, *task)->precision, precision) << name;
  }
  spec.mutable_training()->set_precision("fp8");
  EXPECT_THAT(std::string(PlanOf(spec, *task).status().message()),
              HasSubstr("training.precision is \"fp8\""));
}

TEST(SpecConversionTest, ErrorsNameTheField) {
  v1::JobSpec spec = Spec();
  const auto task = TaskOf(spec);
  spec.mutable_training()->set_log_every(0);
  EXPECT_THAT(std::string(PlanOf(spec, *task).status().message()),
              HasSubstr("training.log_every is 0; it must be at least 1"));
  spec.set_units(0);
  EXPECT_THAT(std::string(CellSpecOf(spec, *task).status().message()), HasSubstr("units are 0"));
  spec.mutable_hyperparameters()->set_momentum(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(std::string(MemberOf(spec, {}).status().message()), HasSubstr("momentum"));
  spec.mutable_task()->clear_kind();
  EXPECT_THAT(std::string(TaskSpecOf(spec.task(), "").status().message()), HasSubstr("memory"));
}

TEST(SpecConversionTest, PacksShareEverythingButSeedL2AndHyperparameters) {
  const v1::JobSpec one = Spec();
  v1::JobSpec other = Spec();
  other.set_stream_key("memory-gru-tanh-8-l2_0.01-s4");
  other.set_l2(0.01);
  other.mutable_hyperparameters()->set_momentum(0.5);
  EXPECT_EQ(PackKey(one), PackKey(other));
  other.mutable_training()->set_precision("tf32");
  EXPECT_NE(PackKey(one), PackKey(other));
  other.mutable_training()->clear_precision();
  other.set_units(9);
  EXPECT_NE(PackKey(one), PackKey(other));
}

TEST(SpecConversionTest, MetaIsJsonTextWithExactNumbers) {
  const auto meta = MetaOf(Spec());
  EXPECT_EQ(meta.at("key"), "\"memory-gru-tanh-8-l2_1e-05-s3\"");
  EXPECT_EQ(meta.at("l2"), "1e-05");
  EXPECT_EQ(meta.at("learning_rate"), "0.1");
  EXPECT_EQ(meta.at("base_seed"), "7");
  // A network's bytes do not depend on the rest of its sweep.
  EXPECT_EQ(meta.count("spec_digest"), 0);
  EXPECT_EQ(meta.count("precision"), 0);
  v1::JobSpec other = Spec();
  other.mutable_training()->set_precision("tf32");
  EXPECT_EQ(MetaOf(other).at("precision"), "\"tf32\"");
}

TEST(SpecConversionTest, NoTimeLimitIsForever) {
  v1::JobSpec spec = Spec();
  EXPECT_EQ(TimeoutOf(spec), absl::InfiniteDuration());
  spec.mutable_timeout()->set_seconds(5);
  EXPECT_EQ(TimeoutOf(spec), absl::Seconds(5));
}

}  // namespace
}  // namespace rnnfarm::worker
