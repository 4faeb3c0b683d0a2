// The figures of a benchmark as --json writes them.
#ifndef RNNFARM_BENCH_FIGURES_H_
#define RNNFARM_BENCH_FIGURES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace rnnfarm::bench {

struct Figure {
  std::string name;
  double value;
  std::string unit;
};

// {"device": …, "figures": [{"name", "value", "unit"}]}
absl::Status WriteJson(const std::string& path, const std::string& device,
                       const std::vector<Figure>& figures);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_FIGURES_H_
