#include "worker/engine/cuda/size.h"

#include <algorithm>
#include <limits>
#include <variant>

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/resident/sequence.h"
#include "worker/rnn/gates.h"

namespace rnnfarm::engine::cuda {

namespace {

constexpr int kAlignment = 4;  // floats
// A product of one tile is a block's work, and a device has room for so many at once, about.
constexpr int kProductTile = 64;
constexpr int64_t kBlocksThatFill = 256;

int Padded(int size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

// Of one block.
template <int kUnits>
int64_t ResidentFloats(const Layout& layout) {
  return WithCell<TanhActivation<Scalar>>(layout.architecture, [&](auto cell, auto activation) {
    using Kernels = ResidentKernels<decltype(cell), decltype(activation), kUnits>;
    return Kernels::SharedFloats(layout);
  });
}

int64_t ResidentFloats(const Layout& layout) {
  switch (layout.units) {
    case 32:
      return ResidentFloats<32>(layout);
    case 64:
      return ResidentFloats<64>(layout);
    case 128:
      return ResidentFloats<128>(layout);
    case 256:
      return ResidentFloats<256>(layout);
    default:
      return std::numeric_limits<int64_t>::max() / sizeof(float);
  }
}

// Of the resident design, unless it is forced.
constexpr int kMostResidentUnits = 128;

}  // namespace

Layout LayoutOf(const Plan& plan, const rnn::CellSpec& cell) {
  Layout layout;
  layout.architecture = cell.architecture;
  layout.activation = cell.activation;
  layout.units = cell.units;
  layout.inputs = cell.inputs;
  layout.outputs = cell.outputs;
  layout.gates = cell.gates();
  layout.main_gates = cell.architecture == rnn::Architecture::kGru ? 2 : layout.gates;
  layout.has_cell = cell.architecture == rnn::Architecture::kLstm;
  layout.biased_gate = rnn::BiasedGate(cell.architecture);
  layout.gate_bias = static_cast<float>(cell.gate_bias);
  const bool leaky = cell.architecture == rnn::Architecture::kLeaky;
  layout.alpha = leaky ? static_cast<float>(cell.alpha) : 0;
  layout.deviation = leaky ? cell.noise : 0;
  layout.batch = plan.batch_size;
  layout.steps = plan.task->steps();
  layout.validation = plan.validation_trials;
  layout.head = Padded(cell.inputs + 1);
  layout.row = layout.head + Padded(cell.units);
  return layout;
}

int ResidentBlocks(const Layout& layout, const BlockLimits& limits) {
  if (layout.batch > kResidentRows || layout.head > kMostResidentHead ||
      layout.outputs > kMostResidentOutputs) {
    return 0;
  }
  const int blocks = NetworkBlocks(layout.gates, layout.units);
  if (blocks > 1 && !limits.clusters) return 0;
  const int64_t bytes = ResidentFloats(layout) * int64_t{sizeof(float)};
  return bytes <= limits.shared_bytes ? blocks : 0;
}

void ChooseDesign(Design design, bool fp32, const BlockLimits& limits, Layout& layout) {
  const int blocks = ResidentBlocks(layout, limits);
  const bool asked = design == Design::kResident ||
                     (design == Design::kAutomatic && layout.units <= kMostResidentUnits);
  layout.resident = asked && fp32 && blocks > 0;
  layout.blocks = layout.resident ? blocks : 1;
}

int64_t SlotBytes(const Layout& l, bool masked) {
  const bool lstm = l.has_cell, noisy = l.deviation > 0;
  int64_t floats = 2 * l.parameter_count() + 2 * l.weights_size() + l.state_slot();
  floats += (l.keeps_gates() ? l.gates_slot() : 0) + (l.resets() ? l.state_slot() : 0);
  floats += (lstm ? l.cell_slot() : 0) + (noisy ? l.noise_slot() : 0);
  floats += l.output_slot() * (masked ? 3 : 2);
  if (!l.resident) floats += l.unit_slot() * (1 + (lstm ? 1 : 0) + (l.resets() ? 1 : 0));
  floats += int64_t{kSegments} * l.outputs * l.row;
  return floats * int64_t{sizeof(float)} + kLossParts * int64_t{sizeof(double)} +
         int64_t{sizeof(Slot)} + int64_t{sizeof(int32_t)};
}

int64_t SharedBytes(const Layout& layout, bool masked) {
  const int64_t values = layout.inputs + int64_t{layout.outputs} * (masked ? 2 : 1);
  return int64_t{layout.validation} * layout.steps * values * int64_t{sizeof(float)} +
         (layout.resident ? 0 : kWorkspaceBytes);
}

int64_t DatasetBytes(const task::Task& task) {
  const task::TrialRecipe recipe = task.recipe();
  const auto* set = std::get_if<const task::Trials*>(&recipe);
  if (set == nullptr || *set == nullptr) return 0;
  const size_t values = (*set)->x.size() + (*set)->y.size() + (*set)->mask.size();
  return static_cast<int64_t>(values * sizeof(float));
}

int GeneralSlots(const Layout& layout) {
  const auto tiles = [](int64_t size) { return (size + kProductTile - 1) / kProductTile; };
  const int64_t blocks = tiles(layout.batch) * tiles(int64_t{layout.main_gates} * layout.units);
  int slots = 1;
  while (slots * blocks < kBlocksThatFill) slots *= 2;
  return slots;
}

int64_t SlotsThatFit(const Layout& layout, bool masked, int64_t networks, int64_t bytes) {
  const int64_t fit =
      std::max<int64_t>(0, bytes - SharedBytes(layout, masked)) / SlotBytes(layout, masked);
  if (layout.resident) return std::min(networks, fit);
  const int64_t together = GeneralSlots(layout);
  return fit < together ? 0 : together;
}

}  // namespace rnnfarm::engine::cuda
