#include "worker/dynamics/readout_order.h"

#include <algorithm>
#include <cmath>

namespace rnnfarm::dynamics {

std::vector<double> RoundedReadout(const std::vector<double>& readout) {
  std::vector<double> out;
  for (double value : readout) out.push_back(std::round(value));
  return out;
}

std::vector<int> EvenlySpaced(const std::vector<double>& sorted, double from, double to,
                              int count) {
  const int n = static_cast<int>(sorted.size());
  count = std::min(count, n);
  std::vector<int> chosen;
  int next = 0;
  for (int k = 0; k < count; ++k) {
    const double target = count > 1 ? from + (to - from) * k / (count - 1) : (from + to) / 2;
    // The last element that leaves enough for the targets still to come.
    const int last = n - count + k;
    while (next < last && std::abs(sorted[next + 1] - target) <= std::abs(sorted[next] - target)) {
      ++next;
    }
    chosen.push_back(next++);
  }
  return chosen;
}

}  // namespace rnnfarm::dynamics
