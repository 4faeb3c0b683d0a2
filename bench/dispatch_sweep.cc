#include "bench/dispatch_sweep.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "base/array_file.h"
#include "base/artifact_transfer.h"

namespace rnnfarm::bench {
namespace {

constexpr int64_t kBits = 2, kUnits = 4, kGates = 3;  // of a GRU
constexpr int64_t kTrials = 8, kSteps = 10, kParameters = 3 * 4 * (2 + 4 + 1) + 2 * (4 + 1) + 4;
constexpr int64_t kCurvePoints = 10, kPoints = 3;
constexpr int kConfigurations = 50;

base::Array Numbers(std::vector<int64_t> shape) {
  const int64_t size = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) values.push_back(std::sin(static_cast<float>(i)));
  return base::Array::Of<float>(std::move(shape), values);
}

absl::StatusOr<std::string> ArchiveOf(const std::map<std::string, std::vector<int64_t>>& shapes) {
  base::Archive archive;
  for (const auto& [name, shape] : shapes) archive.Add(name, Numbers(shape));
  return archive.Encode();
}

absl::StatusOr<std::string> NetworkFile() {
  return ArchiveOf({{"weight_ih_l0", {kGates * kUnits, kBits}},
                    {"weight_hh_l0", {kGates * kUnits, kUnits}},
                    {"bias_ih_l0", {kGates * kUnits}},
                    {"readout.weight", {kBits, kUnits}},
                    {"readout.bias", {kBits}},
                    {"initial_state", {kUnits}}});
}

absl::StatusOr<std::string> CheckpointFile() {
  return ArchiveOf(
      {{"parameters", {kParameters}}, {"velocity", {kParameters}}, {"curve", {kCurvePoints, 3}}});
}

absl::StatusOr<std::string> FixedPointsFile() {
  return ArchiveOf({{"xstar", {kPoints, kUnits}},
                    {"inputs", {kPoints, kBits}},
                    {"qstar", {kPoints}},
                    {"J_xstar", {kPoints, kUnits, kUnits}},
                    {"eigval_J_xstar", {kPoints, kUnits}},
                    {"eigvec_J_xstar", {kPoints, kUnits, kUnits}},
                    {"is_stable", {kPoints}},
                    {"cond_id", {kPoints}},
                    {"n_unstable", {kPoints}},
                    {"transitions", {kPoints, kPoints}}});
}

}  // namespace

v1::SweepSpec DispatchSweep(int networks) {
  v1::SweepSpec spec;
  spec.set_name("dispatch");
  v1::Task& task = *spec.add_task();
  task.set_name("flipflop");
  task.mutable_flip_flop()->set_bits(kBits);
  task.mutable_flip_flop()->set_steps(kSteps);
  v1::Grid& grid = *spec.mutable_grid();
  grid.add_architecture("gru");
  grid.add_activation("tanh");
  grid.add_units(kUnits);
  for (int i = 1; i <= kConfigurations; ++i) grid.add_l2(1e-6 * i);
  spec.mutable_seeds()->set_count((networks + kConfigurations - 1) / kConfigurations);
  v1::KnownHyperparameters& known = *spec.add_hyperparameters();
  known.set_learning_rate(0.1);
  known.set_lr_decay(0.5);
  known.set_momentum(0.9);
  known.set_clip_norm(1);
  spec.mutable_training()->set_iterations(kCurvePoints);
  spec.mutable_training()->set_keep_untrained(false);
  spec.mutable_analysis()->add_metric()->mutable_svcca();
  return spec;
}

absl::StatusOr<SharedResults> SharedResults::Upload(v1::ArtifactService::StubInterface& stub) {
  SharedResults results;
  absl::Status status;
  const auto upload = [&](std::map<std::string, std::string>& digests, const char* role,
                          const absl::StatusOr<std::string>& bytes) {
    if (status.ok()) status = bytes.status();
    if (!status.ok()) return;
    auto digest = base::UploadArtifact(stub, *bytes);
    status = digest.status();
    if (digest.ok()) digests[role] = *std::move(digest);
  };
  upload(results.trained_, "network", NetworkFile());
  upload(results.trained_, "checkpoint", CheckpointFile());
  upload(results.analyzed_, "states", base::EncodeNpy(Numbers({kTrials, kSteps, kUnits})));
  upload(results.analyzed_, "fixed_points", FixedPointsFile());
  if (!status.ok()) return status;
  return results;
}

v1::JobReport SharedResults::For(const v1::Lease& lease) const {
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  v1::JobResult& result = *report.mutable_result();
  const bool trains = lease.spec().kind() == v1::JOB_KIND_TRAIN;
  const auto& digests = trains ? trained_ : analyzed_;
  result.mutable_artifacts()->insert(digests.begin(), digests.end());
  if (trains) {
    v1::TrainingSummary& training = *result.mutable_training();
    training.set_iterations(kCurvePoints);
    training.set_train_loss(0.5);
    training.set_validation_loss(0.5);
    training.set_seconds(1);
    training.set_engine("simulated");
  } else {
    v1::ConditionSummary& condition = *result.mutable_fixed_points()->add_conditions();
    condition.add_by_index(kPoints);
    condition.set_unique(kPoints);
  }
  return report;
}

}  // namespace rnnfarm::bench
