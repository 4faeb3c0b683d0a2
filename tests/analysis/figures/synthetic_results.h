// Folders of results as `pull` leaves them, made up from formulas that look like the real thing.
#ifndef RNNFARM_TESTS_ANALYSIS_FIGURES_SYNTHETIC_RESULTS_H_
#define RNNFARM_TESTS_ANALYSIS_FIGURES_SYNTHETIC_RESULTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rnnfarm::figures {

// A folder of its own under the system's temporary one; gone with the object.
class SyntheticResults {
 public:
  SyntheticResults();
  ~SyntheticResults();
  SyntheticResults(const SyntheticResults&) = delete;
  SyntheticResults& operator=(const SyntheticResults&) = delete;

  const std::string& path() const { return path_; }
  void WriteText(const std::string& relative, absl::string_view text) const;
  void Remove(const std::string& relative) const;

  // One network for each of four architectures, two activations and `seeds` seeds.
  struct Kind {
    std::string task, key, architecture, activation;
    int seed = 0;
    int place = 0;  // number of the architecture and activation, 0 to 7
  };
  static std::vector<Kind> Population(const std::string& task, int seeds);

  // networks.csv for populations of these tasks, with one failed and one excluded network each.
  void WriteNetworks(const std::vector<std::string>& tasks, int seeds) const;
  // manifest.json and sweep.textproto.
  void WriteProvenance() const;
  // 3-bit flip-flop: states around a cube, 27 fixed points, their transitions.
  void WriteFlipFlop(const std::string& task, int seeds) const;
  // Loops in a plane, one unstable point inside of each.
  void WriteSine(const std::string& task, int seeds) const;
  // Distances and embeddings of these metrics, and statistics.json.
  void WriteComparison(const std::string& task, int seeds,
                       const std::vector<std::string>& metrics) const;

 private:
  void WriteLossCurve(const Kind& kind) const;

  std::string path_;
};

}  // namespace rnnfarm::figures

#endif  // RNNFARM_TESTS_ANALYSIS_FIGURES_SYNTHETIC_RESULTS_H_
