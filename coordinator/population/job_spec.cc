#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "coordinator/population/population.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

// Standard deviation of the noise on trajectory states that start the search for fixed points.
double StartNoise(const v1::Task& task) {
  switch (task.kind_case()) {
    case v1::Task::kFlipFlop:
      return 0.5;
    case v1::Task::kSineWave:
      return 0;
    default:
      return 0.05;
  }
}

void SetTask(const v1::SweepSpec& resolved, absl::string_view name, v1::JobSpec& spec) {
  for (const v1::Task& task : resolved.task()) {
    if (task.name() == name) *spec.mutable_task() = task;
  }
}

// Keeps the stages of the task: its own ones if it has any, else those of every task.
void SetCurriculum(const v1::Task& task, v1::Training& training) {
  google::protobuf::RepeatedPtrField<v1::CurriculumStage> all;
  all.Swap(training.mutable_curriculum());
  const bool own = std::any_of(all.begin(), all.end(),
                               [&](const auto& stage) { return stage.task() == task.name(); });
  // Stages of every task are written for the longest one; a shorter task stays within its trials.
  const int longest = TaskSteps(task);
  for (const v1::CurriculumStage& from : all) {
    if (from.task() != (own ? task.name() : "")) continue;
    v1::CurriculumStage& stage = *training.add_curriculum();
    stage = from;
    if (longest > 0) stage.set_steps(std::min(stage.steps(), longest));
  }
}

// The sweep's, with the configuration's axes applied.
void ApplyAxes(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
               v1::Training& training, v1::Cell& cell) {
  training = resolved.training();
  cell = resolved.cell();
  const std::map<std::string, double> axes(configuration.axes().begin(),
                                           configuration.axes().end());
  for (const auto& [field, value] : axes) ApplyAxis(field, value, training, cell);
}

void SetTraining(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                 v1::JobSpec& spec) {
  v1::Training& training = *spec.mutable_training();
  ApplyAxes(resolved, configuration, training, *spec.mutable_cell());
  if (!training.has_decay_steps()) training.set_decay_steps(training.iterations());
  SetCurriculum(spec.task(), training);
}

void SetAnalysis(const v1::SweepSpec& resolved, v1::JobSpec& spec) {
  *spec.mutable_fixed_points() = resolved.analysis().fixed_points();
  if (!spec.fixed_points().has_start_noise()) {
    spec.mutable_fixed_points()->set_start_noise(StartNoise(spec.task()));
  }
  // Result files hold transitions whether or not the sweep compares graphs.
  static const auto& kDefaults = *new v1::SweepSpec(WithDefaults(v1::SweepSpec()));
  *spec.mutable_fixed_point_graph() = kDefaults.analysis().metric(3).fixed_point_graph();
  for (const v1::Metric& metric : resolved.analysis().metric()) {
    if (metric.has_fixed_point_graph()) {
      *spec.mutable_fixed_point_graph() = metric.fixed_point_graph();
    }
  }
}

void SetSearch(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
               const v1::Job& job, v1::JobSpec& spec) {
  spec.set_stream_key(absl::StrCat(configuration.key(), "-d", job.draw()));
  *spec.mutable_hyperparameters() = DrawHyperparameters(resolved, configuration.key(), job.draw());
  spec.set_until_iteration(
      RungIterations(resolved.search().rungs(), spec.training().iterations(), job.rung()));
  if (job.draw() < configuration.trials_size()) {
    spec.set_resume_from(configuration.trials(job.draw()).checkpoint());
  }
}

// An untrained control is the initial state of the network that is trained from the same seed.
std::string StreamKeyOf(const v1::Configuration& configuration, const v1::Network& network) {
  if (network.imported()) return network.key();
  const std::string key = absl::StrCat(configuration.key(), "-s", network.seed());
  return network.reseeds() == 0 ? key : absl::StrCat(key, "-reseed", network.reseeds());
}

void SetNetwork(const v1::Configuration& configuration, const v1::Network& network,
                v1::JobSpec& spec) {
  spec.set_stream_key(StreamKeyOf(configuration, network));
  spec.set_untrained(network.untrained());
  spec.set_imported(network.imported());
  spec.set_until_iteration(spec.training().iterations());
  *spec.mutable_hyperparameters() = configuration.hyperparameters();
  const auto found = network.artifacts().find(ImportRole(network.architecture()));
  if (spec.kind() == v1::JOB_KIND_ANALYZE && found != network.artifacts().end()) {
    spec.set_network_artifact(found->second);
  }
}

double OperationsOfIteration(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                             const v1::Training& training) {
  if (IsRecording(configuration.architecture())) return 0;  // it is not computed with
  double steps = 1;                                         // of a dataset it is not known here
  for (const v1::Task& task : resolved.task()) {
    if (task.name() == configuration.task()) steps = std::max(1, TaskSteps(task));
  }
  const double units = configuration.units();
  return training.batch_size() * steps * GatesOf(configuration.architecture()) * units * units;
}

}  // namespace

JobExtent ExtentOf(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                   v1::JobKind kind, int rung) {
  JobExtent extent;
  if (kind == v1::JOB_KIND_COMPARE) return extent;
  v1::Training training;
  v1::Cell cell;
  ApplyAxes(resolved, configuration, training, cell);
  extent.operations = OperationsOfIteration(resolved, configuration, training);
  if (kind == v1::JOB_KIND_ANALYZE) return extent;
  extent.last_iteration = training.iterations();
  if (kind == v1::JOB_KIND_SEARCH) {
    const int rungs = resolved.search().rungs();
    extent.last_iteration = RungIterations(rungs, training.iterations(), rung);
    if (rung > 0) extent.first_iteration = RungIterations(rungs, training.iterations(), rung - 1);
  }
  extent.operations *= static_cast<double>(extent.last_iteration - extent.first_iteration);
  return extent;
}

v1::JobSpec MakeJobSpec(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                        const v1::Network* network, const v1::Job& job) {
  v1::JobSpec spec;
  spec.set_kind(job.kind());
  spec.set_base_seed(resolved.base_seed());
  SetTask(resolved, job.task(), spec);
  absl::Duration timeout;
  if (absl::ParseDuration(resolved.limits().job_timeout(), &timeout)) {
    spec.mutable_timeout()->set_seconds(absl::ToInt64Seconds(timeout));
  }
  if (job.kind() == v1::JOB_KIND_COMPARE) return spec;
  spec.set_architecture(configuration.architecture());
  spec.set_activation(configuration.activation());
  spec.set_units(configuration.units());
  spec.set_l2(configuration.l2());
  SetTraining(resolved, configuration, spec);
  if (job.kind() == v1::JOB_KIND_SEARCH) SetSearch(resolved, configuration, job, spec);
  if (network != nullptr) SetNetwork(configuration, *network, spec);
  const v1::Import* import =
      configuration.imported() ? FindImport(resolved, configuration.key()) : nullptr;
  if (import != nullptr) {
    spec.mutable_cell()->set_gate_bias(import->gate_bias());
    spec.mutable_cell()->set_alpha(import->alpha());
  }
  if (job.kind() == v1::JOB_KIND_ANALYZE) SetAnalysis(resolved, spec);
  // What an earlier attempt of this very job committed is further than where the job began.
  if (!job.checkpoints().empty()) {
    spec.set_resume_from(job.checkpoints(job.checkpoints_size() - 1).digest());
  }
  return spec;
}

}  // namespace rnnfarm::population
