#include "worker/engine/sequence_loss.h"

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::engine {

namespace {

using torch::Tensor;

Tensor StepMajor(const std::vector<float>& values, const task::Trials& trials, int64_t channels,
                 int64_t first, int64_t count) {
  const int64_t row = int64_t{trials.steps} * channels;
  // from_blob only reads; the copy below is the tensor's own memory.
  const Tensor rows = torch::from_blob(const_cast<float*>(values.data() + first * row),
                                       {count, trials.steps, channels}, torch::kFloat32);
  return rows.transpose(0, 1).clone(torch::MemoryFormat::Contiguous);
}

}  // namespace

Batch BatchOf(const task::Trials& trials, int64_t first, int64_t count) {
  Batch batch;
  batch.x = StepMajor(trials.x, trials, trials.inputs, first, count);
  batch.y = StepMajor(trials.y, trials, trials.outputs, first, count);
  if (!trials.mask.empty()) {
    batch.mask = StepMajor(trials.mask, trials, trials.outputs, first, count);
  }
  return batch;
}

torch::Tensor NoiseOf(base::StreamKey key, uint64_t first_substream, int64_t steps, int64_t batch,
                      int64_t units, double deviation) {
  Tensor noise = torch::empty({steps, batch, units}, torch::kFloat32);
  float* values = noise.data_ptr<float>();
  std::vector<float> trial(steps * units);
  for (int64_t row = 0; row < batch; ++row) {
    base::FillNormals(key, first_substream + row, deviation, absl::MakeSpan(trial));
    for (int64_t step = 0; step < steps; ++step) {
      std::copy_n(trial.begin() + step * units, units, values + (step * batch + row) * units);
    }
  }
  return noise;
}

torch::Tensor SequenceLoss(const rnn::CellSpec& spec, const torch::Tensor& flat,
                           const Batch& batch) {
  const rnn::Weights w = rnn::Unpack(spec, flat);
  const int64_t steps = batch.x.size(0);
  const Tensor projected = torch::matmul(batch.x, w.weight_ih.t()) + w.bias;
  // unbind's gradient is one stack; that of indexing would be a full-size tensor a step.
  const std::vector<Tensor> inputs = projected.unbind(0);
  Tensor state = rnn::InitialState(spec, w, batch.x.size(1));
  std::vector<Tensor> hidden;
  hidden.reserve(steps);
  for (int64_t step = 0; step < steps; ++step) {
    const Tensor noise = batch.noise.defined() ? batch.noise[step] : Tensor();
    state = rnn::StepProjected(spec, w, state, inputs[step], noise);
    hidden.push_back(rnn::Hidden(spec, state));
  }
  const Tensor y = torch::matmul(torch::stack(hidden), w.readout_weight.t()) + w.readout_bias;
  const Tensor squared = (y - batch.y).square();
  return batch.mask.defined() ? (squared * batch.mask).mean() : squared.mean();
}

LossAndGradient GradientByAutograd(const rnn::CellSpec& spec, const torch::Tensor& flat,
                                   const Batch& batch) {
  const Tensor leaf = flat.detach().requires_grad_(true);
  const Tensor loss = SequenceLoss(spec, leaf, batch);
  const Tensor gradient = torch::autograd::grad({loss}, {leaf})[0];
  return {loss.item<double>(), gradient};
}

}  // namespace rnnfarm::engine
