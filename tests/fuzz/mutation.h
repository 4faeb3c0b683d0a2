// Inputs changed at random, the same way in every run.
#ifndef RNNFARM_TESTS_FUZZ_MUTATION_H_
#define RNNFARM_TESTS_FUZZ_MUTATION_H_

#include <string>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::fuzz {

// One of `inputs` with a few changes: bits flipped, numbers set to limits, ranges removed, repeated
// or taken from another input.
std::string Mutated(const std::vector<std::string>& inputs, base::RandomStream& random);

}  // namespace rnnfarm::fuzz

#endif  // RNNFARM_TESTS_FUZZ_MUTATION_H_
