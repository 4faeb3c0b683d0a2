// The three tables of bench_train.
#ifndef RNNFARM_BENCH_TRAIN_TABLES_H_
#define RNNFARM_BENCH_TRAIN_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/figures.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::bench {

struct TableOptions {
  std::string engine;                // the one in question; "reference" is measured beside it
  std::string python;                // an interpreter with PyTorch; empty: without
  std::vector<rnn::CellSpec> cases;  // inputs and outputs are the task's
  int rounds = 5;
  double seconds = 30;  // a case takes at least about this long
};

// Time, useful operations and share of the peak of each case on one core, in alternation with the
// reference engine and PyTorch.
absl::Status PrintSpeed(const TableOptions& options, std::vector<Figure>& figures);

// A pack of 16 networks on one thread and on two.
absl::Status PrintScaling(const TableOptions& options, std::vector<Figure>& figures);

// What Engine::MemoryBytes promises for the largest networks, and what Train takes.
absl::Status PrintMemory(const TableOptions& options, std::vector<Figure>& figures);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_TABLES_H_
