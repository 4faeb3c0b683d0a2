#include "worker/engine/plan_check.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rnnfarm::engine {

namespace {

constexpr double kShareTolerance = 1e-6;

absl::Status AtLeastOne(absl::string_view field, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; expected 1 or more"));
}

absl::Status CheckCurriculum(const Plan& plan) {
  double sum = 0;
  for (const CurriculumStage& stage : plan.curriculum) {
    if (stage.steps < 1 || stage.steps > plan.task->steps()) {
      return absl::InvalidArgumentError(absl::StrCat("a curriculum stage has ", stage.steps,
                                                     " steps; expected 1 to the task's ",
                                                     plan.task->steps()));
    }
    if (!(stage.share > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a curriculum stage has share ", stage.share, "; expected more than 0"));
    }
    sum += stage.share;
  }
  if (!plan.curriculum.empty() && std::abs(sum - 1) > kShareTolerance) {
    return absl::InvalidArgumentError(
        absl::StrCat("the curriculum's shares add up to ", sum, "; expected 1"));
  }
  return absl::OkStatus();
}

struct Stage {
  int steps = 0;
  int64_t end = 0;  // the first iteration after it
};

// Of the curriculum at iteration `t`.
Stage StageAt(const Plan& plan, int64_t t) {
  double share = 0;
  for (const CurriculumStage& stage : plan.curriculum) {
    share += stage.share;
    const int64_t end = std::llround(share * static_cast<double>(plan.iterations));
    if (t < end) return {stage.steps, end};
  }
  return {plan.curriculum.empty() ? plan.task->steps() : plan.curriculum.back().steps,
          plan.iterations};
}

}  // namespace

absl::string_view Name(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kBf16:
      return "bf16";
  }
  return "";
}

absl::Status CheckFp32(const Plan& plan, absl::string_view engine) {
  if (plan.precision == Precision::kFp32) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("precision is ", Name(plan.precision), "; the engine ", engine, " trains in ",
                   Name(Precision::kFp32), " alone, the engine cuda in every precision"));
}

absl::Status CheckPlan(const Plan& plan) {
  if (plan.task == nullptr) return absl::InvalidArgumentError("the plan has no task");
  const std::pair<absl::string_view, int64_t> fields[] = {
      {"iterations", plan.iterations},
      {"batch_size", plan.batch_size},
      {"decay_steps", plan.decay_steps},
      {"validation_trials", plan.validation_trials},
      {"checkpoint_every", plan.checkpoint_every},
      {"log_every", plan.log_every}};
  for (const auto& [field, value] : fields) {
    if (absl::Status status = AtLeastOne(field, value); !status.ok()) return status;
  }
  return CheckCurriculum(plan);
}

absl::Status CheckMember(const Plan& plan, const Member& member) {
  const auto refuse = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(member.stream_key, ": ", what));
  };
  const rnn::CellSpec& cell = member.cell;
  if (cell.inputs != plan.task->inputs() || cell.outputs != plan.task->outputs()) {
    return refuse(absl::StrCat("the network has ", cell.inputs, " inputs and ", cell.outputs,
                               " outputs, the task ", plan.task->inputs(), " and ",
                               plan.task->outputs()));
  }
  if (cell.units < 1) return refuse(absl::StrCat("units is ", cell.units, "; expected 1 or more"));
  const Hyperparameters& hyper = member.hyperparameters;
  if (!(hyper.learning_rate > 0) || !(hyper.lr_decay > 0) || !(hyper.clip_norm > 0)) {
    return refuse("learning_rate, lr_decay and clip_norm must be more than 0");
  }
  if (!(hyper.momentum >= 0 && hyper.momentum <= 1) || !(member.l2 >= 0)) {
    return refuse("momentum must be 0 to 1 and l2 0 or more");
  }
  const int64_t start = member.start.iteration;
  if (start < 0 || member.until_iteration < start || member.until_iteration > plan.iterations) {
    return refuse(absl::StrCat("until_iteration is ", member.until_iteration, "; expected ", start,
                               " (the start) to ", plan.iterations, " (the plan's iterations)"));
  }
  const bool fresh = start == 0 && member.start.parameters.empty() && member.start.velocity.empty();
  const int64_t count = rnn::ParameterCount(cell);
  if (!fresh && (member.start.parameters.size() != count || member.start.velocity.size() != count ||
                 member.start.loss_curve.empty())) {
    return refuse(absl::StrCat(
        "the start has ", member.start.parameters.size(), " parameters and ",
        member.start.velocity.size(), " velocities and ", member.start.loss_curve.size(),
        " points of the loss curve; expected ", count, ", ", count, " and 1 or more"));
  }
  return absl::OkStatus();
}

int StepsAt(const Plan& plan, int64_t t) { return StageAt(plan, t).steps; }

int64_t StageEnd(const Plan& plan, int64_t t) { return StageAt(plan, t).end; }

}  // namespace rnnfarm::engine
