#include "worker/engine/cpu/cpu_engine.h"

#include <algorithm>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "worker/engine/cpu/cpu_learner.h"
#include "worker/engine/pack.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cpu {

namespace {

// Vanishing gradients pass through denormal numbers, which cost a hundred times as much.
void FlushDenormals() {
#if defined(__x86_64__)
  constexpr unsigned kFlushToZero = 1u << 15, kDenormalsAreZero = 1u << 6;
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
#elif defined(__aarch64__)
  constexpr uint64_t kFlushToZero = uint64_t{1} << 24;
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" : : "r"(control | kFlushToZero));
#endif
}

class CpuEngine final : public Engine {
 public:
  CpuEngine(Limits limits, const Kernels& kernels) : limits_(limits), kernels_(kernels) {}

  absl::string_view name() const override { return kCpuEngine; }

  int64_t MemoryBytes(const Plan& plan, absl::Span<const Member> pack, int threads) const override {
    const int64_t trial =
        int64_t{plan.task->steps()} * (plan.task->inputs() + int64_t{2} * plan.task->outputs());
    int64_t shared = plan.validation_trials * trial * int64_t{sizeof(float)};
    int64_t largest = 0;
    for (const Member& member : pack) {
      largest = std::max(largest, CpuLearner::MemoryBytes(plan, member.cell));
      // Parameters and velocity of its checkpoint, in the end its outcome's.
      shared += 2 * rnn::ParameterCount(member.cell) * int64_t{sizeof(float)};
    }
    return shared + largest * std::min<int64_t>(threads, pack.size());
  }

  absl::StatusOr<std::vector<Outcome>> Train(const Plan& plan, absl::Span<const Member> pack,
                                             int threads, Observer& observer) override {
    if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
    if (absl::Status status = CheckFp32(plan, name()); !status.ok()) return status;
    const task::Trials validation = ValidationTrials(plan);
    return TrainPack(*this, limits_, plan, pack, threads, observer, [&](const Member& member) {
      FlushDenormals();
      return std::make_unique<CpuLearner>(kernels_, plan, member, validation);
    });
  }

 private:
  const Limits limits_;
  const Kernels& kernels_;
};

}  // namespace

std::unique_ptr<Engine> MakeCpuEngine(Limits limits) {
  return MakeCpuEngine(limits, *UsableKernels().front());
}

std::unique_ptr<Engine> MakeCpuEngine(Limits limits, const Kernels& kernels) {
  return std::make_unique<CpuEngine>(limits, kernels);
}

}  // namespace rnnfarm::engine::cpu
