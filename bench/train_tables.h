// The four tables of bench_train.
#ifndef RNNFARM_BENCH_TRAIN_TABLES_H_
#define RNNFARM_BENCH_TRAIN_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/figures.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::bench {

struct TableOptions {
  std::string engine;                // the one in question; "reference" is measured beside it
  std::string python;                // an interpreter with PyTorch; empty: without
  std::vector<rnn::CellSpec> cases;  // inputs and outputs are the task's
  int rounds = 5;
  double seconds = 30;  // a case takes at least about this long
  // Of the table of packs alone.
  std::vector<int> packs;  // networks; empty: some that suit the units
  engine::Precision precision = engine::Precision::kFp32;
  bool quick = false;  // cases that would begin late are left out
};

// Time, useful operations and share of the peak of each case on one core, in alternation with the
// reference engine and PyTorch.
absl::Status PrintSpeed(const TableOptions& options, std::vector<Figure>& figures);

// A pack of 16 networks on one thread and on two.
absl::Status PrintScaling(const TableOptions& options, std::vector<Figure>& figures);

// What Engine::MemoryBytes promises for the largest networks, and what Train takes.
absl::Status PrintMemory(const TableOptions& options, std::vector<Figure>& figures);

// Packs of networks on a device, or on all threads of the processor, beside PyTorch and JAX there,
// and what the paper's training would take.
absl::Status PrintPacks(const TableOptions& options, std::vector<Figure>& figures);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_TABLES_H_
