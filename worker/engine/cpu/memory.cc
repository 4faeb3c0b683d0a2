#include "worker/engine/cpu/memory.h"

#include <sys/mman.h>

#include <new>
#include <utility>

namespace rnnfarm::engine::cpu {

namespace {

// Pages of this size spare address translations; a block is a whole number of them.
constexpr int64_t kHugePage = 2 << 20;

// Floats of every array, in the order of Arrays below.
struct Sizes {
  int64_t packed, sums, noise, state, kept, reset, cell, error, carry, cell_carry, gate_gradient;
};

Sizes SizesOf(const Layout& layout, Extent extent, int block_steps) {
  const int64_t rows = extent.rows, steps = extent.steps, padded = layout.padded;
  const bool has_cell = layout.kept == 5;
  Sizes sizes;
  sizes.packed = PackedWeightsOf(layout).size;
  sizes.sums = GradientSumsOf(layout).size;
  sizes.noise =
      extent.noise_rows == 0 ? 0 : int64_t{extent.noise_rows} * steps * layout.units + kUnitPadding;
  sizes.state = (steps + 1) * rows * layout.row;
  sizes.kept = steps * rows * layout.kept * padded;
  sizes.reset = steps * rows * layout.reset_row;
  sizes.cell = has_cell ? (steps + 1) * rows * padded : 0;
  sizes.error = steps * rows * layout.outputs;
  sizes.carry = rows * padded;
  sizes.cell_carry = has_cell ? rows * padded : 0;
  sizes.gate_gradient = int64_t{2} * block_steps * rows * layout.gate_row;
  return sizes;
}

constexpr int64_t kLine = 64;  // bytes

int64_t Lines(int64_t floats) {
  return (floats * int64_t{sizeof(float)} + kLine - 1) / kLine * kLine;
}

int64_t TotalBytes(const Sizes& s) {
  int64_t bytes = 0;
  for (const int64_t floats : {s.packed, s.sums, s.noise, s.state, s.kept, s.reset, s.cell, s.error,
                               s.carry, s.cell_carry, s.gate_gradient}) {
    bytes += Lines(floats);
  }
  return (bytes + kHugePage - 1) / kHugePage * kHugePage;
}

int BlockSteps(int rows) { return rows >= kBlockRows ? 1 : (kBlockRows + rows - 1) / rows; }

}  // namespace

int64_t MemoryBytes(const Layout& layout, Extent extent) {
  return TotalBytes(SizesOf(layout, extent, BlockSteps(extent.rows)));
}

void Unmap::operator()(void* block) const { munmap(block, static_cast<size_t>(bytes)); }

Memory::Memory(const Layout& layout, Extent extent) {
  slab.rows = extent.rows;
  slab.block_steps = BlockSteps(extent.rows);
  const Sizes sizes = SizesOf(layout, extent, slab.block_steps);
  bytes = TotalBytes(sizes);
  void* block = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);  // all zero
  if (block == MAP_FAILED) throw std::bad_alloc();
  block_ = std::unique_ptr<void, Unmap>(block, Unmap{bytes});
  madvise(block, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // a wish
  char* next = static_cast<char*>(block);
  const auto take = [&](int64_t floats) {
    return reinterpret_cast<float*>(std::exchange(next, next + Lines(floats)));
  };
  packed = take(sizes.packed);
  sums = take(sizes.sums);
  noise = take(sizes.noise);
  slab.state = take(sizes.state);
  slab.kept = take(sizes.kept);
  slab.reset = take(sizes.reset);
  slab.cell = take(sizes.cell);
  slab.error = take(sizes.error);
  slab.carry = take(sizes.carry);
  slab.cell_carry = take(sizes.cell_carry);
  slab.gate_gradient = take(sizes.gate_gradient);
}

}  // namespace rnnfarm::engine::cpu
