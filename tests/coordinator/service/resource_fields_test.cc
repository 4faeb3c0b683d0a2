// What the lists' rows show is what they are filtered and sorted by.
#include "coordinator/service/resource_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace rnnfarm::service {
namespace {

using ::testing::ElementsAre;
using ::testing::VariantWith;
using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

// Fails unless such a field can be asked for.
template <typename Record, typename Read>
FieldValue Value(const std::vector<Field>& fields, const Read& read, const Record& record,
                 const std::string& name) {
  EXPECT_TRUE(std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.name == name;
  })) << name;
  return read(record, name);
}

FieldValue OfNetwork(const v1::Network& network, const std::string& name) {
  return Value(NetworkFields({}), ReadNetworkField, network, name);
}

FieldValue OfJob(const v1::Job& job, const std::string& name,
                 const v1::Network* network = nullptr) {
  const auto read = [network](const v1::Job& of, absl::string_view field) {
    return ReadJobField(of, network, nullptr, field);
  };
  return Value(JobFields({}), read, job, name);
}

TEST(ResourceFields, ANetworkHasThoseOfItsFixedPointsByCondition) {
  v1::Network network;
  EXPECT_THAT(OfNetwork(network, "index_sum"), VariantWith<std::monostate>(std::monostate()));
  v1::ConditionSummary& first = *network.mutable_fixed_points()->add_conditions();
  first.add_by_index(8);
  first.add_by_index(12);
  first.set_index_sum(1);
  first.set_certified(true);
  first.set_verdict(v1::VERDICT_CERTIFIED);
  first.set_starts(64);
  first.set_converged(60);
  (*first.mutable_rejected())["out of range"] = 3;
  (*first.mutable_rejected())["not converged"] = 1;
  first.set_estimated_unseen(0.5);
  first.set_largest_q(1e-12);
  v1::ConditionSummary& second = *network.mutable_fixed_points()->add_conditions();
  second.add_by_index(2);
  second.set_verdict(v1::VERDICT_NO_THEOREM);
  EXPECT_THAT(OfNetwork(network, "fixed_points"), VariantWith<Texts>(ElementsAre("8/12", "2")));
  EXPECT_THAT(OfNetwork(network, "index_sum"), VariantWith<Numbers>(ElementsAre(1, 0)));
  EXPECT_THAT(OfNetwork(network, "certified"), VariantWith<Texts>(ElementsAre("true", "false")));
  EXPECT_THAT(OfNetwork(network, "verdict"),
              VariantWith<Texts>(ElementsAre("certified", "no_theorem")));
  EXPECT_THAT(OfNetwork(network, "starts"), VariantWith<Numbers>(ElementsAre(64, 0)));
  EXPECT_THAT(OfNetwork(network, "converged"), VariantWith<Numbers>(ElementsAre(60, 0)));
  EXPECT_THAT(OfNetwork(network, "rejected"),
              VariantWith<Texts>(ElementsAre("not converged 1, out of range 3", "")));
  EXPECT_THAT(OfNetwork(network, "estimated_unseen"), VariantWith<Numbers>(ElementsAre(0.5, 0)));
  EXPECT_THAT(OfNetwork(network, "largest_q"), VariantWith<Numbers>(ElementsAre(1e-12, 0)));
}

TEST(ResourceFields, AJobHasWhatItTellsWhileItRuns) {
  v1::Job job;
  job.set_kind(v1::JOB_KIND_SEARCH);
  job.set_configuration("sine-gru");
  job.set_draw(3);
  job.set_rung(1);
  EXPECT_THAT(OfJob(job, "subject"), VariantWith<std::string>("sine-gru draw 3 rung 1"));
  const auto none = VariantWith<std::monostate>(std::monostate());
  for (const char* name : {"share", "loss_now", "iterations_per_second", "speed"}) {
    EXPECT_THAT(OfJob(job, name), none) << name;
  }
  v1::Progress& progress = *job.mutable_progress();
  progress.set_iteration(50);
  progress.set_iterations(200);
  EXPECT_THAT(OfJob(job, "share"), VariantWith<double>(0.25));
  EXPECT_THAT(OfJob(job, "loss_now"), none) << "an analysis has no loss";
  progress.set_loss(0.5);
  progress.set_iterations_per_second(30);
  progress.set_operations_per_second(7e10);
  EXPECT_THAT(OfJob(job, "loss_now"), VariantWith<double>(0.5));
  EXPECT_THAT(OfJob(job, "iterations_per_second"), VariantWith<double>(30));
  EXPECT_THAT(OfJob(job, "speed"), VariantWith<double>(7e10));
}

TEST(ResourceFields, AJobsLossIsWhatItsNetworkEndedWith) {
  v1::Network network;
  network.mutable_training()->set_validation_loss(0.125);
  v1::Job job;
  EXPECT_THAT(OfJob(job, "loss_now", &network), VariantWith<std::monostate>(std::monostate()));
  for (const char* name : {"loss", "validation_loss"}) {
    EXPECT_THAT(OfJob(job, name, &network), VariantWith<double>(0.125)) << name;
  }
  EXPECT_THAT(OfNetwork(network, "loss"), VariantWith<double>(0.125));
}

TEST(ResourceFields, SweepsAndWorkersHaveThatOfEachColumn) {
  v1::Sweep sweep;
  sweep.set_spec_digest("5f3a");
  EXPECT_THAT(Value(SweepFields(), ReadSweepField, sweep, "spec_digest"),
              VariantWith<std::string>("5f3a"));
  v1::Worker worker;
  worker.set_operations_per_second(1e12);
  worker.mutable_capability()->set_peak_flops_per_core(2e11);
  worker.mutable_capability()->set_peak_flops_per_device(6e13);
  const auto of = [&worker](const std::string& name) {
    return Value(WorkerFields(), ReadWorkerField, worker, name);
  };
  EXPECT_THAT(of("speed"), VariantWith<double>(1e12));
  EXPECT_THAT(of("peak_per_core"), VariantWith<double>(2e11));
  EXPECT_THAT(of("peak_per_device"), VariantWith<double>(6e13));
}

}  // namespace
}  // namespace rnnfarm::service
