#include "worker/engine/cpu/cpu_learner.h"

#include <algorithm>
#include <cmath>

#include "worker/engine/plan_check.h"

namespace rnnfarm::engine::cpu {

namespace {

// A sum is made in so many parts, side by side, whatever the processor.
constexpr int64_t kParts = 16;

bool HasNoise(const rnn::CellSpec& cell) {
  return cell.architecture == rnn::Architecture::kLeaky && cell.noise > 0;
}

Extent ExtentOf(const Plan& plan, const rnn::CellSpec& cell, const Layout& layout) {
  Extent extent;
  extent.rows = SlabRows(layout);
  extent.steps = plan.task->steps();
  extent.noise_rows = HasNoise(cell) ? plan.batch_size : 0;
  return extent;
}

// Σ (g + decay θ)².
double SumOfSquaresOf(const std::vector<float>& gradient, const std::vector<float>& parameters,
                      float decay) {
  double parts[kParts] = {};
  const int64_t count = static_cast<int64_t>(gradient.size());
  const int64_t whole = count / kParts * kParts;
  const float *g = gradient.data(), *theta = parameters.data();
  for (int64_t i = 0; i < whole; i += kParts) {
    for (int64_t j = 0; j < kParts; ++j) {
      const double sum = g[i + j] + decay * theta[i + j];
      parts[j] += sum * sum;
    }
  }
  for (int64_t i = whole; i < count; ++i) {
    const double sum = g[i] + decay * theta[i];
    parts[i - whole] += sum * sum;
  }
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

}  // namespace

CpuLearner::CpuLearner(const Kernels& kernels, const Plan& plan, const Member& member,
                       const task::Trials& validation)
    : plan_(plan),
      member_(member),
      validation_(validation),
      layout_(LayoutOf(member.cell)),
      packed_at_(PackedWeightsOf(layout_)),
      sums_at_(GradientSumsOf(layout_)),
      pack_(kernels.pack),
      forward_(kernels.forward(member.cell.architecture, member.cell.activation)),
      backward_(kernels.backward(member.cell.architecture, member.cell.activation)),
      trial_key_(base::DeriveStream(plan.base_seed, member.stream_key, "trials")),
      noise_key_(base::DeriveStream(plan.base_seed, member.stream_key, "noise")),
      parameters_(member.start.parameters),
      velocity_(member.start.velocity),
      memory_(layout_, ExtentOf(plan, member.cell, layout_)) {
  if (parameters_.empty()) {
    parameters_ = InitialParameters(plan.base_seed, member.stream_key, member.cell);
    velocity_.assign(parameters_.size(), 0.0f);
  }
  gradient_.resize(parameters_.size());
  const int64_t rows = int64_t{memory_.slab.rows} * (plan.task->steps() + 1);
  for (int64_t row = 0; row < rows; ++row) {
    memory_.slab.state[row * layout_.row + layout_.inputs] = 1;
  }
}

int64_t CpuLearner::MemoryBytes(const Plan& plan, const rnn::CellSpec& cell) {
  const Layout layout = LayoutOf(cell);
  const int64_t trial = int64_t{plan.task->steps()} * (cell.inputs + 2 * cell.outputs);
  const int64_t vectors = 3 * rnn::ParameterCount(cell) + plan.batch_size * trial;
  return cpu::MemoryBytes(layout, ExtentOf(plan, cell, layout)) + vectors * int64_t{sizeof(float)};
}

Slab CpuLearner::SlabOf(const task::Trials& trials, const float* noise, int first, int rows) {
  Slab slab = memory_.slab;
  slab.rows = rows;
  slab.steps = trials.steps;
  slab.target_row = int64_t{trials.steps} * trials.outputs;
  slab.target = trials.y.data() + first * slab.target_row;
  if (!trials.mask.empty()) slab.mask = trials.mask.data() + first * slab.target_row;
  if (noise != nullptr) slab.noise = noise + int64_t{first} * trials.steps * layout_.units;
  slab.error_scale = static_cast<float>(2 / (static_cast<double>(trials.count) * slab.target_row));
  for (int t = 0; t < trials.steps; ++t) {
    float* to = slab.state + int64_t{t} * rows * layout_.row;
    for (int row = 0; row < rows; ++row, to += layout_.row) {
      const int64_t at = (int64_t{first + row} * trials.steps + t) * trials.inputs;
      for (int m = 0; m < trials.inputs; ++m) to[m] = trials.x[at + m];
    }
  }
  return slab;
}

double CpuLearner::SumOfSquares(const task::Trials& trials, const float* noise,
                                bool with_gradient) {
  pack_(member_.cell, layout_, parameters_.data(), memory_.packed);
  double squares = 0;
  for (int first = 0; first < trials.count; first += memory_.slab.rows) {
    const int rows = std::min(memory_.slab.rows, trials.count - first);
    const Slab slab = SlabOf(trials, noise, first, rows);
    squares += forward_(layout_, memory_.packed, slab);
    if (with_gradient) backward_(layout_, memory_.packed, slab, memory_.sums);
  }
  return squares;
}

double CpuLearner::Gradient(const task::Trials& trials, const float* noise) {
  std::fill(memory_.sums, memory_.sums + sums_at_.size, 0.0f);
  const double squares = SumOfSquares(trials, noise, /*with_gradient=*/true);
  CollectGradient();
  return squares / static_cast<double>(trials.y.size());
}

void CpuLearner::CollectGradient() {
  const int64_t units = layout_.units, inputs = layout_.inputs;
  const int64_t all = layout_.gates * units;
  const float* weights = memory_.sums + sums_at_.weights;
  float* weight_ih = gradient_.data();
  float* weight_hh = weight_ih + all * inputs;
  float* bias = weight_hh + all * units;
  float* readout = bias + all;
  float* readout_bias = readout + layout_.outputs * units;
  float* initial = readout_bias + layout_.outputs;
  for (int gate = 0; gate < layout_.gates; ++gate) {
    for (int64_t unit = 0; unit < units; ++unit) {
      const float* column = weights + int64_t{gate} * layout_.padded + unit;
      const int64_t j = gate * units + unit;
      for (int64_t m = 0; m < inputs; ++m) {
        weight_ih[j * inputs + m] = column[m * layout_.gate_row];
      }
      bias[j] = column[inputs * layout_.gate_row];
      const float* hidden = column + (inputs + 1) * layout_.gate_row;
      for (int64_t k = 0; k < units; ++k) weight_hh[j * units + k] = hidden[k * layout_.gate_row];
    }
  }
  for (int k = 0; k < layout_.outputs; ++k) {
    const float* row = memory_.sums + sums_at_.readout + int64_t{k} * layout_.row;
    std::copy(row + layout_.head, row + layout_.head + units, readout + k * units);
    readout_bias[k] = row[inputs];
  }
  const float* state = memory_.sums + sums_at_.initial;
  std::copy(state, state + units, initial);
  if (member_.cell.state_size() > units) {
    const float* cell = memory_.sums + sums_at_.initial_cell;
    std::copy(cell, cell + units, initial + units);
  }
}

bool CpuLearner::Update(int64_t t) {
  const Hyperparameters& hyper = member_.hyperparameters;
  const float decay = static_cast<float>(2 * member_.l2);
  const double norm = std::sqrt(SumOfSquaresOf(gradient_, parameters_, decay));
  if (!std::isfinite(norm)) return false;
  const float scale = static_cast<float>(norm > hyper.clip_norm ? hyper.clip_norm / norm : 1);
  const double share = static_cast<double>(t) / static_cast<double>(plan_.decay_steps);
  const float rate = static_cast<float>(hyper.learning_rate * std::pow(hyper.lr_decay, share));
  const float momentum = static_cast<float>(hyper.momentum);
  const int64_t count = static_cast<int64_t>(gradient_.size());
  const float* g = gradient_.data();
  float *v = velocity_.data(), *theta = parameters_.data();
  float excess = 0;
  for (int64_t i = 0; i < count; ++i) {
    v[i] = momentum * v[i] + scale * (g[i] + decay * theta[i]);
    theta[i] -= rate * v[i];
    // 0 · x is 0 for every finite x and NaN for all others.
    excess += 0 * v[i] + 0 * theta[i];
  }
  return excess == 0;
}

const float* CpuLearner::DrawNoise(uint64_t substream, int steps) {
  if (!HasNoise(member_.cell)) return nullptr;
  const int64_t row = int64_t{steps} * layout_.units;
  for (int i = 0; i < plan_.batch_size; ++i) {
    base::FillNormals(noise_key_, substream + i, member_.cell.noise,
                      absl::MakeSpan(memory_.noise + i * row, static_cast<size_t>(row)));
  }
  return memory_.noise;
}

std::optional<double> CpuLearner::Iterate(int64_t t) {
  const int steps = StepsAt(plan_, t);
  const uint64_t substream = static_cast<uint64_t>(t) * plan_.batch_size;
  plan_.task->Generate(trial_key_, substream, plan_.batch_size, steps, trials_);
  const double loss = Gradient(trials_, DrawNoise(substream, steps));
  if (!std::isfinite(loss) || !Update(t)) return std::nullopt;
  return loss;
}

double CpuLearner::ValidationLoss() {
  return SumOfSquares(validation_, nullptr, /*with_gradient=*/false) /
         static_cast<double>(validation_.y.size());
}

void CpuLearner::Save(Checkpoint& checkpoint) const {
  checkpoint.parameters = parameters_;
  checkpoint.velocity = velocity_;
}

}  // namespace rnnfarm::engine::cpu
