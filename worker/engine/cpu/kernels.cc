#include "worker/engine/cpu/kernels.h"

namespace rnnfarm::engine::cpu {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels;
#endif
extern const Kernels kPortableKernels;

std::vector<const Kernels*> UsableKernels() {
  std::vector<const Kernels*> usable;
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f")) usable.push_back(&kAvx512Kernels);
  if (avx2) usable.push_back(&kAvx2Kernels);
#endif
  usable.push_back(&kPortableKernels);
  return usable;
}

Layout LayoutOf(const rnn::CellSpec& cell) {
  const auto padded = [](int floats) {
    return (floats + kUnitPadding - 1) / kUnitPadding * kUnitPadding;
  };
  Layout layout;
  layout.units = cell.units;
  layout.inputs = cell.inputs;
  layout.outputs = cell.outputs;
  layout.gates = layout.main_gates = cell.gates();
  layout.padded = padded(cell.units);
  layout.head = padded(cell.inputs + 1);
  layout.row = layout.head + layout.padded;
  layout.gate_row = layout.gates * layout.padded + kUnitPadding;
  layout.alpha = static_cast<float>(cell.alpha);
  switch (cell.architecture) {
    case rnn::Architecture::kVanilla:
      break;
    case rnn::Architecture::kLeaky:
      layout.kept = 1;
      break;
    case rnn::Architecture::kUgrnn:
      layout.kept = 2;
      break;
    case rnn::Architecture::kGru:
      layout.main_gates = 2;
      layout.kept = 3;
      layout.reset_row = layout.padded + kUnitPadding;
      break;
    case rnn::Architecture::kLstm:
      layout.kept = 5;
      break;
  }
  return layout;
}

}  // namespace rnnfarm::engine::cpu
