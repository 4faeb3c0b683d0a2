// Optimal transport between two sets of points, each with uniform masses.
//
//   Transport best = OptimalTransport(cost);   // cost: n x m
//   best.cost == (cost.array() * best.plan.array()).sum()
#ifndef RNNFARM_ANALYSIS_TRANSPORT_H_
#define RNNFARM_ANALYSIS_TRANSPORT_H_

#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct Transport {
  Matrix plan;      // n x m, at least 0; rows sum to 1 / n, columns to 1 / m
  double cost = 0;  // the sum of cost times plan
};

// The cheapest plan, exact but for the rounding of sums, and the same one every time. A vertex of
// the polytope of plans: for n == m a permutation divided by n. Costs are finite, of any sign;
// n and m are at least 1 and their product below 2^31. O(n^3) for n == m.
Transport OptimalTransport(const Matrix& cost);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_TRANSPORT_H_
