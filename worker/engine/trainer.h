// One network from its start to its end, on the calling thread.
#ifndef RNNFARM_WORKER_ENGINE_TRAINER_H_
#define RNNFARM_WORKER_ENGINE_TRAINER_H_

#include <torch/torch.h>

#include <chrono>
#include <vector>

#include "worker/engine/engine.h"
#include "worker/engine/sequence_loss.h"

namespace rnnfarm::engine {

// Mean loss over the batches, each of the same number of trials or fewer, weighed by it.
double MeanLoss(const rnn::CellSpec& spec, const torch::Tensor& flat,
                const std::vector<Batch>& batches);

// The validation set of a plan, the same for every network of a task.
std::vector<Batch> ValidationBatches(const Plan& plan);

// Trains `member`; `index` is what the observer is told. The result depends on (plan, member)
// alone: everything that an iteration needs is a function of its number and of the checkpoint.
class Trainer {
 public:
  // All of the arguments outlive the trainer.
  Trainer(const Plan& plan, const Member& member, size_t index,
          const std::vector<Batch>& validation, Observer& observer);
  Outcome Run();

 private:
  // False: the loss or a parameter is no longer finite.
  bool Iterate();
  bool Update(const float* gradient);
  // Adds the point of the loss curve that is due now, if one is. False: not finite.
  bool Record();
  // False: the observer wants this member stopped.
  bool Report();
  // Copies the parameters out of the tensor.
  void Snapshot();
  double ValidationLoss() const;
  Outcome End(Ending ending);
  Outcome Diverge();

  const Plan& plan_;
  const Member& member_;
  const size_t index_;
  const std::vector<Batch>& validation_;
  Observer& observer_;
  const base::StreamKey trial_key_, noise_key_;
  Checkpoint now_;
  torch::Tensor parameters_;
  bool record_due_ = false;
  const std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point reported_;
  int64_t reported_iteration_ = 0;
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_TRAINER_H_
