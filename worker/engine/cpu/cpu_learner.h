// One network on one core, by the kernels: trials, forward, backward, clipping, momentum.
#ifndef RNNFARM_WORKER_ENGINE_CPU_CPU_LEARNER_H_
#define RNNFARM_WORKER_ENGINE_CPU_CPU_LEARNER_H_

#include <memory>
#include <vector>

#include "base/random_stream.h"
#include "worker/engine/cpu/kernels.h"
#include "worker/engine/cpu/memory.h"
#include "worker/engine/learner.h"

namespace rnnfarm::engine::cpu {

class CpuLearner final : public Learner {
 public:
  // `plan`, `member` and `validation` (of the task's full length) outlive it. Memory is taken here;
  // an iteration allocates nothing.
  CpuLearner(const Kernels& kernels, const Plan& plan, const Member& member,
             const task::Trials& validation);

  std::optional<double> Iterate(int64_t t) override;
  double ValidationLoss() override;
  void Save(Checkpoint& checkpoint) const override;

  // The loss of the trials, without L2, and its gradient by rnn::ParameterLayout, at the present
  // parameters. `noise` as in Slab, or null. The gradient is valid until the next call.
  double Gradient(const task::Trials& trials, const float* noise);
  const std::vector<float>& gradient() const { return gradient_; }

  // What the constructor takes.
  static int64_t MemoryBytes(const Plan& plan, const rnn::CellSpec& cell);

 private:
  // The slab of trials first … first + rows - 1, in memory_.
  Slab SlabOf(const task::Trials& trials, const float* noise, int first, int rows);
  double SumOfSquares(const task::Trials& trials, const float* noise, bool with_gradient);
  // Puts sums_ into gradient_.
  void CollectGradient();
  // False: not finite.
  bool Update(int64_t t);
  const float* DrawNoise(uint64_t substream, int steps);

  const Plan& plan_;
  const Member& member_;
  const task::Trials& validation_;
  const Layout layout_;
  const PackedWeights packed_at_;
  const GradientSums sums_at_;
  const Kernels::Pack pack_;
  const Kernels::Forward forward_;
  const Kernels::Backward backward_;
  const base::StreamKey trial_key_, noise_key_;
  std::vector<float> parameters_, velocity_, gradient_;
  task::Trials trials_;
  Memory memory_;
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_CPU_LEARNER_H_
