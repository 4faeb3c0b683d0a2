// Sweeps for tests, written as people write them.
#ifndef RNNFARM_TESTS_COORDINATOR_POPULATION_SWEEP_TEXT_H_
#define RNNFARM_TESTS_COORDINATOR_POPULATION_SWEEP_TEXT_H_

#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm {

inline v1::SweepSpec ParseSweep(const std::string& text) {
  v1::SweepSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

// The population of the paper (Maheswaranathan et al. 2019).
inline constexpr char kPaperSweep[] = R"(
  name: "universality-2019"
  base_seed: 2019
  task { name: "flipflop" flip_flop { bits: 3 steps: 100 flip_probability: 0.05 } }
  task { name: "sine" sine_wave { steps: 500 } }
  task { name: "cdi" context_integration { contexts: 2 steps: 30 } }
  grid {
    architecture: ["vanilla", "ugrnn", "gru", "lstm"]
    activation: ["relu", "tanh"]
    units: [64, 128, 256]
    l2: [1e-5, 1e-4, 1e-3, 1e-2]
  }
  seeds { first: 0 count: 30 }
)";

inline constexpr char kSmallSweep[] = R"(
  name: "small"
  base_seed: 7
  task { name: "flipflop" flip_flop {} }
  grid { architecture: "gru" activation: "tanh" units: 16 l2: 1e-5 }
  seeds { count: 2 }
)";

}  // namespace rnnfarm

#endif  // RNNFARM_TESTS_COORDINATOR_POPULATION_SWEEP_TEXT_H_
