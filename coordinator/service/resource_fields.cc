#include "coordinator/service/resource_fields.h"

#include <google/protobuf/descriptor.h>

#include <optional>

#include "absl/strings/str_join.h"
#include "base/enum_word.h"
#include "base/job_counts.h"
#include "base/shown_values.h"
#include "coordinator/population/population.h"
#include "coordinator/service/condition_fields.h"

namespace rnnfarm::service {
namespace {

FieldValue Text(const std::string& text) {
  if (text.empty()) return {};
  return text;
}
FieldValue Number(double number) { return number; }
FieldValue Number(const std::optional<double>& number) {
  return number.has_value() ? FieldValue(*number) : FieldValue();
}
FieldValue Truth(bool value) { return std::string(value ? "true" : "false"); }
FieldValue Time(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return {};
  return static_cast<double>(time.seconds());
}
// "x" of "sweeps/x", as people call it.
FieldValue LastSegment(absl::string_view name) {
  return Text(std::string(name.substr(name.rfind('/') + 1)));
}

template <typename Map>
FieldValue AxisValue(const Map& axes, absl::string_view field) {
  auto found = axes.find(std::string(field));
  if (found == axes.end()) return {};
  return found->second;
}

Field Times(const std::string& name) {
  Field field{name, /*numeric=*/true};
  field.is_time = true;
  return field;
}

std::vector<Field> CellFields(const std::vector<std::string>& axes) {
  std::vector<Field> fields = {{"task"},
                               {"architecture", false, population::ImportArchitectureNames()},
                               {"activation", false, population::ActivationNames()},
                               {"units", true},
                               {"l2", true},
                               {"configuration"},
                               {"learning_rate", true},
                               {"lr_decay", true},
                               {"momentum", true},
                               {"clip_norm", true}};
  for (const std::string& axis : axes) fields.push_back({axis, true});
  return fields;
}

std::vector<Field> Joined(std::vector<Field> fields, const std::vector<Field>& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// What a network has beside its cell.
std::vector<Field> TrainingFields() {
  return {{"seed", true},
          {"reseeds", true},
          {"untrained", false, {"true", "false"}},
          {"imported", false, {"true", "false"}},
          {"loss", true},
          {"validation_loss", true},  // the same, as the results' tables call it
          {"train_loss", true},
          {"iterations", true},
          {"diverged_at", true},
          {"last_finite_loss", true}};
}

FieldValue ReadHyperparameter(const v1::Hyperparameters& chosen, absl::string_view field) {
  if (field == "learning_rate") return Number(chosen.learning_rate());
  if (field == "lr_decay") return Number(chosen.lr_decay());
  if (field == "momentum") return Number(chosen.momentum());
  if (field == "clip_norm") return Number(chosen.clip_norm());
  return {};
}

FieldValue ReadTrainingField(const v1::Network& network, absl::string_view field) {
  if (!network.has_training()) return {};
  const v1::TrainingSummary& training = network.training();
  if (field == "loss" || field == "validation_loss") return Number(training.validation_loss());
  if (field == "train_loss") return Number(training.train_loss());
  if (field == "iterations") return Number(static_cast<double>(training.iterations()));
  if (network.state() != v1::NETWORK_STATE_DIVERGED) return {};
  if (field == "diverged_at") return Number(static_cast<double>(training.diverged_at()));
  if (field == "last_finite_loss" && training.has_last_finite_loss()) {
    return Number(training.last_finite_loss());
  }
  return {};
}

// Floating-point operations a second of a progress or a worker.
template <typename Message>
FieldValue ReadSpeed(const Message& message) {
  if (!message.has_operations_per_second()) return {};
  return Number(message.operations_per_second());
}

// What a job that runs tells of itself. Its loss is of its training so far, not that which its
// network ends with (loss): the two are of different trials.
FieldValue ReadProgressField(const v1::Job& job, absl::string_view field) {
  if (field == "share") return Number(base::ShareOf(job));
  if (field == "loss_now") return Number(base::LossNow(job));
  if (field == "speed") return ReadSpeed(job.progress());
  const double rate = job.progress().iterations_per_second();
  return rate > 0 ? Number(rate) : FieldValue();
}

// What networks and configurations spell alike.
template <typename Cell>
FieldValue ReadCellField(const Cell& cell, absl::string_view field) {
  if (field == "task") return Text(cell.task());
  if (field == "architecture") return Text(cell.architecture());
  if (field == "activation") return Text(cell.activation());
  if (field == "units") return Number(cell.units());
  if (field == "l2") return Number(cell.l2());
  if (auto axis = AxisValue(cell.axes(), field); axis.index() != 0) return axis;
  if (!cell.has_hyperparameters()) return {};
  return ReadHyperparameter(cell.hyperparameters(), field);
}

}  // namespace

std::vector<Field> SweepFields() {
  return {{"name"},
          {"state", false, base::EnumWords(*v1::SweepState_descriptor(), "SWEEP_STATE_")},
          {"networks", true},
          {"jobs", true},
          {"ended", true},
          {"failed", true},
          Times("created"),
          Times("finished"),
          {"spec_digest"}};
}

std::vector<Field> WorkerFields() {
  return {{"name"},
          {"state", false, base::EnumWords(*v1::WorkerState_descriptor(), "WORKER_STATE_")},
          {"jobs", true},
          {"done", true},
          {"engine"},
          {"threads", true},
          {"device"},
          {"host"},
          Times("last_seen"),
          {"failures_in_a_row", true},
          {"memory", true},
          {"build"},
          {"speed", true},
          {"peak_per_core", true},
          {"peak_per_device", true}};
}

std::vector<Field> ConfigurationFields(const std::vector<std::string>& axes) {
  return Joined({{"draws", true}, {"chosen_draw", true}, {"reason"}}, CellFields(axes));
}

std::vector<Field> NetworkFields(const std::vector<std::string>& axes) {
  const std::vector<Field> fields = {
      {"name"},
      {"key"},
      {"state", false, base::EnumWords(*v1::NetworkState_descriptor(), "NETWORK_STATE_")},
      {"included", false, {"true", "false"}},
      {"excluded_reason"}};
  return Joined(Joined(Joined(fields, TrainingFields()), ConditionFields()), CellFields(axes));
}

std::vector<Field> JobFields(const std::vector<std::string>& axes) {
  const std::vector<Field> fields = {
      {"name"},
      {"kind", false, base::EnumWords(*v1::JobKind_descriptor(), "JOB_KIND_")},
      {"state", false, base::EnumWords(*v1::JobState_descriptor(), "JOB_STATE_")},
      {"subject"},
      {"network"},
      {"share", true},
      {"loss_now", true},
      {"iterations_per_second", true},
      {"speed", true},
      {"draw", true},
      {"rung", true},
      {"attempt", true},
      {"errors", true},
      {"lost_leases", true},
      {"preemptions", true},
      {"worker"},
      {"reason"},
      Times("created"),
      Times("ended")};
  return Joined(Joined(fields, TrainingFields()), CellFields(axes));
}

FieldValue ReadSweepField(const v1::Sweep& sweep, absl::string_view field) {
  if (field == "name") return LastSegment(sweep.name());
  if (field == "state") return base::EnumWord(v1::SweepState_Name(sweep.state()), "SWEEP_STATE_");
  if (field == "networks") return Number(static_cast<double>(sweep.network_count()));
  if (field == "spec_digest") return Text(sweep.spec_digest());
  if (field == "created") return Time(sweep.create_time());
  if (field == "finished") return Time(sweep.end_time());
  const base::JobCounts counts = base::CountJobs(sweep);
  if (field == "jobs") return Number(static_cast<double>(counts.jobs));
  if (field == "ended") return Number(static_cast<double>(counts.ended));
  if (field == "failed") return Number(static_cast<double>(counts.failed));
  return {};
}

FieldValue ReadWorkerField(const v1::Worker& worker, absl::string_view field) {
  const v1::Capability& capability = worker.capability();
  if (field == "name") return LastSegment(worker.name());
  if (field == "state")
    return base::EnumWord(v1::WorkerState_Name(worker.state()), "WORKER_STATE_");
  if (field == "jobs") return Number(worker.leases_size());
  if (field == "done") return Number(static_cast<double>(worker.jobs_succeeded()));
  if (field == "engine") return Text(absl::StrJoin(capability.engine(), " "));
  if (field == "threads") return Number(capability.threads());
  if (field == "device") return Text(absl::StrJoin(capability.device(), " "));
  if (field == "host") return Text(worker.host());
  if (field == "last_seen") return Time(worker.last_sync_time());
  if (field == "failures_in_a_row") return Number(worker.failures_in_a_row());
  if (field == "memory") return Number(static_cast<double>(capability.memory_bytes()));
  if (field == "build") return Text(worker.build());
  if (field == "speed") return ReadSpeed(worker);
  if (field == "peak_per_core" && capability.has_peak_flops_per_core()) {
    return Number(capability.peak_flops_per_core());
  }
  if (field == "peak_per_device" && capability.has_peak_flops_per_device()) {
    return Number(capability.peak_flops_per_device());
  }
  return {};
}

FieldValue ReadConfigurationField(const v1::Configuration& configuration, absl::string_view field) {
  if (field == "configuration") return Text(configuration.key());
  if (field == "draws") return Number(configuration.trials_size());
  if (field == "chosen_draw") {
    return configuration.has_chosen_draw() ? Number(configuration.chosen_draw()) : FieldValue();
  }
  if (field == "reason") return Text(configuration.failure_reason());
  return ReadCellField(configuration, field);
}

FieldValue ReadNetworkField(const v1::Network& network, absl::string_view field) {
  if (field == "name") return Text(network.name());
  if (field == "key") return Text(network.key());
  if (field == "state") {
    return base::EnumWord(v1::NetworkState_Name(network.state()), "NETWORK_STATE_");
  }
  if (field == "included") return Truth(network.included());
  if (field == "excluded_reason") return Text(network.excluded_reason());
  if (field == "configuration") return Text(network.configuration());
  if (field == "seed") return Number(static_cast<double>(network.seed()));
  if (field == "reseeds") return Number(network.reseeds());
  if (field == "untrained") return Truth(network.untrained());
  if (field == "imported") return Truth(network.imported());
  if (FieldValue value = ReadTrainingField(network, field); value.index() != 0) return value;
  if (FieldValue value = ReadConditionField(network.fixed_points(), field); value.index() != 0) {
    return value;
  }
  return ReadCellField(network, field);
}

FieldValue ReadJobField(const v1::Job& job, const v1::Network* network,
                        const v1::Configuration* configuration, absl::string_view field) {
  if (field == "name") return Text(job.name());
  if (field == "kind") return base::EnumWord(v1::JobKind_Name(job.kind()), "JOB_KIND_");
  if (field == "state") return base::EnumWord(v1::JobState_Name(job.state()), "JOB_STATE_");
  if (field == "subject") return Text(base::SubjectOf(job));
  if (field == "task") return Text(job.task());
  if (field == "network") return Text(job.network());
  if (field == "configuration") return Text(job.configuration());
  if (field == "attempt") return Number(static_cast<double>(job.attempt()));
  if (field == "errors") return Number(job.errors());
  if (field == "lost_leases") return Number(job.lost_leases());
  if (field == "preemptions") return Number(job.preemptions());
  if (field == "reason") return Text(job.reason());
  if (field == "created") return Time(job.create_time());
  if (field == "ended") return Time(job.end_time());
  if (field == "worker") {
    return job.attempts().empty() ? FieldValue() : LastSegment(job.attempts().rbegin()->worker());
  }
  if (field == "share" || field == "loss_now" || field == "iterations_per_second" ||
      field == "speed") {
    return ReadProgressField(job, field);
  }
  if (field == "draw" || field == "rung") {
    if (job.kind() != v1::JOB_KIND_SEARCH) return {};
    return Number(field == "draw" ? job.draw() : job.rung());
  }
  if (network != nullptr) return ReadNetworkField(*network, field);
  if (configuration != nullptr) return ReadCellField(*configuration, field);
  return {};
}

}  // namespace rnnfarm::service
