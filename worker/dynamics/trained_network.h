// A network taken from its file into float64 tensors: what the rest of this folder works on.
#ifndef RNNFARM_WORKER_DYNAMICS_TRAINED_NETWORK_H_
#define RNNFARM_WORKER_DYNAMICS_TRAINED_NETWORK_H_

#include <torch/torch.h>

#include <vector>

#include "absl/status/statusor.h"
#include "worker/dynamics/go_on.h"
#include "worker/rnn/cell.h"
#include "worker/rnn/network_file.h"
#include "worker/task/task.h"

namespace rnnfarm::dynamics {

struct TrainedNetwork {
  rnn::CellSpec spec;
  rnn::Weights weights;  // float64, on the processor
  // Where many states are advanced and solved for at once, and the weights there (undefined on the
  // processor). What comes of that is brought back: whatever a function of this room returns, and
  // tells its observers, is on the processor.
  torch::Device device = torch::kCPU;
  rnn::Weights device_weights;

  const rnn::Weights& WeightsOn(const torch::Device& where) const {
    return where.is_cpu() ? weights : device_weights;
  }
};

// INVALID_ARGUMENT if the parameters do not have the cell's number, or name a slice and an element
// that is not finite. Throws what libtorch throws where there is no such device.
absl::StatusOr<TrainedNetwork> Load(const rnn::NetworkFile& network,
                                    const torch::Device& device = torch::kCPU);

// Every trial of the probe, run without noise.
struct Trajectories {
  torch::Tensor inputs;  // (trials, steps, M) float64
  torch::Tensor states;  // (trials, steps, S) float64, after each step
};
Trajectories RunProbe(const TrainedNetwork& network, const task::Trials& probe,
                      const GoOn& go_on = nullptr);

// The .npy of the hidden states alone, (trials, steps, N) float32.
std::string EncodeHiddenStates(const TrainedNetwork& network, const Trajectories& trajectories);

// `input` repeated for each of `batch` rows: (batch, M).
torch::Tensor RepeatInput(const torch::Tensor& input, int64_t batch);

// F(state, input) for each row of `states`, (batch, S) -> (batch, S); input (M). Where they are.
torch::Tensor Advance(const TrainedNetwork& network, const torch::Tensor& input,
                      const torch::Tensor& states);

// Whether the cell maps a closed ball into itself, which the certificate of completeness needs:
// bounded activation, update that is bounded or convex.
bool StaysInBall(const rnn::CellSpec& spec);

// The largest |state| of each component that a fixed point may have: (S). Tanh cells cannot leave
// |h| <= 1; other components get a multiple of the largest value on the trajectories.
torch::Tensor ReachableRange(const rnn::CellSpec& spec, const Trajectories& trajectories);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_TRAINED_NETWORK_H_
