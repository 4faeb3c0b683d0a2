#include "worker/runtime/spec_conversion.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/deterministic_bytes.h"
#include "base/logging.h"
#include "worker/engine/plan_check.h"

namespace rnnfarm::worker {
namespace {

// Far above anything a sweep may ask for; keeps a nonsensical request from taking all memory.
constexpr int kMaxUnits = 1 << 16;

std::string JsonNumber(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return std::string(text, end);
}

std::string JsonText(absl::string_view text) {
  return absl::StrCat("\"", base::JsonEscaped(text), "\"");
}

absl::Status AtLeastOne(absl::string_view field, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the job's ", field, " is ", value, "; it must be at least 1"));
}

}  // namespace

absl::StatusOr<task::TaskSpec> TaskSpecOf(const v1::Task& task, std::string dataset) {
  switch (task.kind_case()) {
    case v1::Task::kFlipFlop: {
      const v1::FlipFlop& from = task.flip_flop();
      task::FlipFlop to;
      if (from.has_bits()) to.bits = from.bits();
      if (from.has_steps()) to.steps = from.steps();
      if (from.has_flip_probability()) to.flip_probability = from.flip_probability();
      if (from.has_initial_pulse()) to.initial_pulse = from.initial_pulse();
      return to;
    }
    case v1::Task::kSineWave: {
      const v1::SineWave& from = task.sine_wave();
      task::SineWave to;
      if (from.has_steps()) to.steps = from.steps();
      if (from.has_min_frequency()) to.min_frequency = from.min_frequency();
      if (from.has_max_frequency()) to.max_frequency = from.max_frequency();
      if (from.has_conditions()) to.conditions = from.conditions();
      return to;
    }
    case v1::Task::kContextIntegration: {
      const v1::ContextIntegration& from = task.context_integration();
      task::ContextIntegration to;
      if (from.has_contexts()) to.contexts = from.contexts();
      if (from.has_steps()) to.steps = from.steps();
      return to;
    }
    case v1::Task::kDataset:
      return task::Dataset{std::move(dataset), task.dataset().path()};
    case v1::Task::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("task \"", task.name(), "\" is of no kind that this worker knows: ",
                   "flip_flop, sine_wave, context_integration or dataset"));
}

absl::StatusOr<rnn::CellSpec> CellSpecOf(const v1::JobSpec& spec, const task::Task& task) {
  rnn::CellSpec cell;
  const auto architecture = rnn::ParseArchitecture(spec.architecture());
  if (!architecture.ok()) return architecture.status();
  const auto activation = rnn::ParseActivation(spec.activation());
  if (!activation.ok()) return activation.status();
  if (spec.units() < 1 || spec.units() > kMaxUnits) {
    return absl::InvalidArgumentError(
        absl::StrCat("the job's units are ", spec.units(), "; they must be 1 to ", kMaxUnits));
  }
  cell.architecture = *architecture;
  cell.activation = *activation;
  cell.units = spec.units();
  cell.inputs = task.inputs();
  cell.outputs = task.outputs();
  if (spec.cell().has_gate_bias()) cell.gate_bias = spec.cell().gate_bias();
  if (spec.cell().has_alpha()) cell.alpha = spec.cell().alpha();
  if (spec.cell().has_noise()) cell.noise = spec.cell().noise();
  return cell;
}

std::string PackKey(const v1::JobSpec& spec) {
  v1::JobSpec shared;
  shared.set_kind(spec.kind());
  shared.set_base_seed(spec.base_seed());
  *shared.mutable_task() = spec.task();
  shared.set_architecture(spec.architecture());
  shared.set_activation(spec.activation());
  shared.set_units(spec.units());
  *shared.mutable_cell() = spec.cell();
  *shared.mutable_training() = spec.training();
  return base::DeterministicBytes(shared);
}

namespace {

absl::StatusOr<engine::Precision> PrecisionOf(absl::string_view name) {
  constexpr engine::Precision kAll[] = {engine::Precision::kFp32, engine::Precision::kTf32,
                                        engine::Precision::kBf16};
  if (name.empty()) return engine::Precision::kFp32;
  for (const engine::Precision precision : kAll) {
    if (name == engine::Name(precision)) return precision;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the job's training.precision is \"", name,
                   "\", which this worker does not know; it must be fp32, tf32 or bf16"));
}

}  // namespace

absl::StatusOr<engine::Plan> PlanOf(const v1::JobSpec& spec, const task::Task& task) {
  const v1::Training& from = spec.training();
  engine::Plan plan;
  plan.task = &task;
  plan.base_seed = spec.base_seed();
  if (from.has_iterations()) plan.iterations = from.iterations();
  if (from.has_batch_size()) plan.batch_size = from.batch_size();
  plan.decay_steps = from.has_decay_steps() ? from.decay_steps() : plan.iterations;
  if (from.has_validation_trials()) plan.validation_trials = from.validation_trials();
  if (from.has_checkpoint_every()) plan.checkpoint_every = from.checkpoint_every();
  if (from.has_log_every()) plan.log_every = from.log_every();
  const auto precision = PrecisionOf(from.precision());
  if (!precision.ok()) return precision.status();
  plan.precision = *precision;
  for (const v1::CurriculumStage& stage : from.curriculum()) {
    plan.curriculum.push_back({stage.steps(), stage.share()});
  }
  const std::pair<absl::string_view, int64_t> counts[] = {
      {"training.iterations", plan.iterations},
      {"training.batch_size", plan.batch_size},
      {"training.decay_steps", plan.decay_steps},
      {"training.validation_trials", plan.validation_trials},
      {"training.checkpoint_every", plan.checkpoint_every},
      {"training.log_every", plan.log_every}};
  for (const auto& [field, value] : counts) {
    if (absl::Status status = AtLeastOne(field, value); !status.ok()) return status;
  }
  return plan;
}

absl::StatusOr<engine::Member> MemberOf(const v1::JobSpec& spec, const rnn::CellSpec& cell) {
  const v1::Hyperparameters& from = spec.hyperparameters();
  const std::pair<absl::string_view, double> numbers[] = {{"learning_rate", from.learning_rate()},
                                                          {"lr_decay", from.lr_decay()},
                                                          {"momentum", from.momentum()},
                                                          {"clip_norm", from.clip_norm()},
                                                          {"l2", spec.l2()}};
  for (const auto& [field, value] : numbers) {
    if (!std::isfinite(value) || value < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the job's ", field, " is ", value, "; it must be finite and at least 0"));
    }
  }
  if (absl::Status status = AtLeastOne("until_iteration", spec.until_iteration()); !status.ok()) {
    return status;
  }
  engine::Member member;
  member.stream_key = spec.stream_key();
  member.cell = cell;
  member.l2 = spec.l2();
  member.hyperparameters = {from.learning_rate(), from.lr_decay(), from.momentum(),
                            from.clip_norm()};
  member.until_iteration = spec.until_iteration();
  return member;
}

dynamics::Settings SettingsOf(const v1::JobSpec& spec) {
  dynamics::Settings settings;
  const v1::FixedPoints& points = spec.fixed_points();
  if (points.has_starts()) settings.starts = points.starts();
  if (points.has_rounds()) settings.rounds = points.rounds();
  if (points.has_start_noise()) settings.start_noise = points.start_noise();
  if (points.has_tolerance()) settings.tolerance = points.tolerance();
  if (points.has_slow_tolerance()) settings.slow_tolerance = points.slow_tolerance();
  if (points.has_merge_distance()) settings.merge_distance = points.merge_distance();
  if (points.has_max_iterations()) settings.max_iterations = points.max_iterations();
  const v1::FixedPointGraph& graph = spec.fixed_point_graph();
  if (graph.has_runs()) settings.graph_runs = graph.runs();
  if (graph.has_epsilon()) settings.graph_epsilon = graph.epsilon();
  return settings;
}

std::map<std::string, std::string> MetaOf(const v1::JobSpec& spec) {
  const v1::Hyperparameters& hyper = spec.hyperparameters();
  std::map<std::string, std::string> meta = {
      {"key", JsonText(spec.stream_key())},
      {"task", JsonText(spec.task().name())},
      {"rnnfarm_version", JsonText(base::GetBuildInfo().version)},
      {"base_seed", absl::StrCat(spec.base_seed())},
      {"l2", JsonNumber(spec.l2())},
      {"iterations", absl::StrCat(spec.until_iteration())},
      {"learning_rate", JsonNumber(hyper.learning_rate())},
      {"lr_decay", JsonNumber(hyper.lr_decay())},
      {"momentum", JsonNumber(hyper.momentum())},
      {"clip_norm", JsonNumber(hyper.clip_norm())}};
  const std::string& precision = spec.training().precision();
  if (!precision.empty()) meta["precision"] = JsonText(precision);
  return meta;
}

v1::TrainingSummary SummaryOf(const engine::Outcome& outcome, absl::string_view engine) {
  v1::TrainingSummary summary;
  summary.set_iterations(outcome.last.iteration);
  if (!outcome.last.loss_curve.empty()) {
    summary.set_train_loss(outcome.last.loss_curve.back().train_loss);
  }
  summary.set_validation_loss(outcome.validation_loss);
  if (outcome.ending == engine::Ending::kDiverged) {
    summary.set_diverged_at(outcome.diverged_at);
    if (!outcome.last.loss_curve.empty()) summary.set_last_finite_loss(outcome.last_finite_loss);
  }
  summary.set_seconds(outcome.seconds);
  summary.set_engine(std::string(engine));
  return summary;
}

namespace {

v1::Verdict VerdictOf(dynamics::Verdict verdict) {
  switch (verdict) {
    case dynamics::Verdict::kCertified:
      return v1::VERDICT_CERTIFIED;
    case dynamics::Verdict::kIncomplete:
      return v1::VERDICT_INCOMPLETE;
    case dynamics::Verdict::kNoTheorem:
      return v1::VERDICT_NO_THEOREM;
    case dynamics::Verdict::kNoFixedPoint:
      return v1::VERDICT_NO_FIXED_POINT;
  }
  return v1::VERDICT_UNSPECIFIED;
}

}  // namespace

v1::FixedPointSummary SummaryOf(const std::vector<dynamics::ConditionSummary>& conditions) {
  v1::FixedPointSummary summary;
  for (const dynamics::ConditionSummary& from : conditions) {
    v1::ConditionSummary& to = *summary.add_conditions();
    to.set_condition(from.condition);
    for (int count : from.by_index) to.add_by_index(count);
    to.set_index_sum(from.index_sum);
    to.set_certified(from.certified);
    to.set_verdict(VerdictOf(from.verdict));
    to.set_starts(from.starts);
    to.set_converged(from.converged);
    for (const auto& [reason, count] : from.rejected) (*to.mutable_rejected())[reason] = count;
    to.set_unique(from.unique);
    to.set_estimated_unseen(from.estimated_unseen);
    to.set_largest_q(from.largest_q);
  }
  return summary;
}

absl::Duration TimeoutOf(const v1::JobSpec& spec) {
  const absl::Duration timeout =
      absl::Seconds(spec.timeout().seconds()) + absl::Nanoseconds(spec.timeout().nanos());
  return timeout > absl::ZeroDuration() ? timeout : absl::InfiniteDuration();
}

}  // namespace rnnfarm::worker
