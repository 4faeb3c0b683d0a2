// What the paper's training would take here, from what was measured.
#ifndef RNNFARM_BENCH_PAPER_PROJECTION_H_
#define RNNFARM_BENCH_PAPER_PROJECTION_H_

#include <map>
#include <string>
#include <vector>

#include "bench/figures.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::bench {

// 8,640 networks: vanilla, UGRNN, GRU and LSTM, tanh and relu, 64, 128 and 256 units, of each of
// these 24 shapes 4 strengths of L2 and 30 seeds, on each of three tasks; 20,000 iterations of 64
// trials.
class PaperProjection {
 public:
  // Seconds an iteration and network of kSteps steps and kBatch trials. The best pack of a shape
  // counts; shapes that the paper has not are left out.
  void Add(const rnn::CellSpec& cell, int pack, double seconds);
  // One line, of those shapes alone that were measured; nothing if none was.
  void Print(const std::string& device, std::vector<Figure>& figures) const;

 private:
  struct Shape {
    int pack = 0;
    double seconds = 0;
  };
  std::map<std::string, Shape> shapes_;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_PAPER_PROJECTION_H_
