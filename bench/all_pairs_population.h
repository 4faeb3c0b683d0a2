// A synthetic population: states of networks that follow the same inputs, each in its own way.
#ifndef RNNFARM_BENCH_ALL_PAIRS_POPULATION_H_
#define RNNFARM_BENCH_ALL_PAIRS_POPULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/representation.h"

namespace rnnfarm::bench {

inline constexpr int kSamples = 6400;
inline constexpr int kUnits = 64;
inline constexpr int kLeastComponents = 3, kMostComponents = 40;

// Components are drawn log-uniformly between the two limits: the networks of trained populations
// have few more often than many.
class Population {
 public:
  // `full_rank`: the components hold 95 % of the variance and a tail over all units the rest;
  // otherwise they are all that there is.
  Population(int networks, bool full_rank);

  int size() const { return static_cast<int>(components_.size()); }
  int components(int network) const { return components_[network]; }
  // Samples x units.
  analysis::Matrix States(int network) const;
  // The same as an .npy in float32.
  std::string File(int network) const;

 private:
  bool full_rank_;
  std::vector<int> components_;
  analysis::Matrix signals_;  // that the inputs of the task drive in every network
  analysis::Matrix noise_;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_ALL_PAIRS_POPULATION_H_
