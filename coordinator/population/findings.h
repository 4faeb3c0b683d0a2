// What validation has found so far, and the checks that several parts of it share.
#ifndef RNNFARM_COORDINATOR_POPULATION_FINDINGS_H_
#define RNNFARM_COORDINATOR_POPULATION_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/utf8.h"
#include "coordinator/population/population.h"

namespace rnnfarm::population {

inline constexpr size_t kMostFindings = 10'000;
inline constexpr size_t kLongestSentence = 1000;  // bytes

class Findings {
 public:
  // Beyond kMostFindings nothing is kept: a sweep may have millions of mistakes.
  void Add(std::string field, absl::string_view message) {
    if (violations_.size() >= kMostFindings) return;
    // A sentence may quote a name of any length.
    const bool whole = message.size() <= kLongestSentence;
    violations_.push_back({std::move(field), absl::StrCat(base::CutUtf8(message, kLongestSentence),
                                                          whole ? "" : "…")});
  }
  std::vector<Violation>& violations() { return violations_; }

 private:
  std::vector<Violation> violations_;
};

// "grid.l2[2]"
inline std::string Element(absl::string_view field, int index) {
  return absl::StrCat(field, "[", index, "]");
}

// The sentence for a name that is none of `valid`: "unknown architecture \"lstmm\": did you mean
// lstm? Valid: vanilla, …".
std::string UnknownName(absl::string_view what, absl::string_view name,
                        const std::vector<std::string>& valid);

// 1 to 63 lower-case letters, digits and characters of `also`, a letter or digit at both ends.
bool IsName(absl::string_view name, absl::string_view also);

// Each part of validate.cc's whole. The tables' numbers are checked apart from these.
void CheckGrid(const v1::SweepSpec& spec, Findings& findings);
void CheckExclusions(const v1::SweepSpec& spec, Findings& findings);
void CheckSearch(const v1::SweepSpec& spec, Findings& findings);
void CheckTraining(const v1::SweepSpec& spec, Findings& findings);
void CheckAnalysis(const v1::SweepSpec& spec, Findings& findings);
void CheckLimits(const v1::SweepSpec& spec, Findings& findings);
void CheckScheduling(const v1::SweepSpec& spec, Findings& findings);
void CheckImports(const v1::SweepSpec& spec, Findings& findings);
void CheckKnownHyperparameters(const v1::SweepSpec& spec, Findings& findings);

}  // namespace rnnfarm::population

#endif  // RNNFARM_COORDINATOR_POPULATION_FINDINGS_H_
