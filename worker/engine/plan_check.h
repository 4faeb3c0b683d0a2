// What every engine asks of its arguments.
#ifndef RNNFARM_WORKER_ENGINE_PLAN_CHECK_H_
#define RNNFARM_WORKER_ENGINE_PLAN_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine {

// "fp32", "tf32", "bf16": as a sweep spells it.
absl::string_view Name(Precision precision);

// INVALID_ARGUMENT with the field, its value and its limits.
absl::Status CheckPlan(const Plan& plan);
absl::Status CheckMember(const Plan& plan, const Member& member);
// Of the engines that train on the processor, which have no other precision.
absl::Status CheckFp32(const Plan& plan, absl::string_view engine);

// Steps of the trials of iteration `t`.
int StepsAt(const Plan& plan, int64_t t);
// The first iteration after `t` that is not of its stage of the curriculum.
int64_t StageEnd(const Plan& plan, int64_t t);

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_PLAN_CHECK_H_
