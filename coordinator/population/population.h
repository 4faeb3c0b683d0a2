// From a sweep to its population: pure functions.
//
//   std::vector<Violation> wrong = Validate(spec, limits);
//   SweepSpec resolved = WithDefaults(spec);
//   Population population = Enumerate(resolved);
#ifndef RNNFARM_COORDINATOR_POPULATION_POPULATION_H_
#define RNNFARM_COORDINATOR_POPULATION_POPULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/recording.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::population {

inline constexpr int64_t kDefaultMaxNetworks = 1'000'000;

// One thing that is wrong with a sweep.
struct Violation {
  std::string field;    // path such as "grid.l2[2]" or "task[1].flip_flop.bits"
  std::string message;  // what is wrong and what would be right, one sentence
};

// Everything that is wrong, in the order of the message's fields; empty if nothing is. Never
// enumerates more than max_networks.
std::vector<Violation> Validate(const v1::SweepSpec& spec,
                                int64_t max_networks = kDefaultMaxNetworks);

// The same sweep with every default written out but that of training.precision, which is left out
// even where it was said. Of a valid specification.
v1::SweepSpec WithDefaults(const v1::SweepSpec& spec);

// SHA-256 of the resolved specification but for its scheduling, which changes no result.
std::string SpecDigest(const v1::SweepSpec& resolved);

struct Population {
  std::vector<v1::Configuration> configurations;  // in order of task, then grid
  std::vector<v1::Network> networks;              // in order of configuration, then seed
  std::vector<v1::ExcludedCells> excluded;        // by reason, in order of appearance
};

// Of a resolved, valid specification; imports come after the grid.
Population Enumerate(const v1::SweepSpec& resolved);

// Number of networks without enumerating them; saturates at INT64_MAX.
int64_t CountNetworks(const v1::SweepSpec& spec);

// The hyperparameters of draw `draw` of a configuration's search: a pure function of base seed,
// configuration key and draw.
v1::Hyperparameters DrawHyperparameters(const v1::SweepSpec& resolved,
                                        absl::string_view configuration, int draw);
// Iterations after which rung `rung` of a search ends.
int64_t RungIterations(const v1::SweepSpec& resolved, int rung);
// The same of `rungs` rungs, where the last one trains `iterations`.
int64_t RungIterations(int rungs, int64_t iterations, int rung);
// Draws that enter the rung after one with `draws` draws.
int NextRungSize(int draws);

// What a worker needs to do a job.
v1::JobSpec MakeJobSpec(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                        const v1::Network* network, const v1::Job& job);

// How far a job trains, and how much work that is.
struct JobExtent {
  int64_t first_iteration = 0;  // without a checkpoint of its own
  int64_t last_iteration = 0;   // both 0 for what does not train
  // batch x steps x gates x units^2 of all iterations; of an analysis those of one. 0: not known.
  double operations = 0;
};
JobExtent ExtentOf(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                   v1::JobKind kind, int rung);

// Paths of a network's result files, by role ("network", "states", "fixed_points"). Empty for other
// roles.
std::string ResultPath(const v1::Network& network, absl::string_view role);
// Path of the loss curve of a draw of the configuration's search.
std::string CurvePath(const v1::Configuration& configuration, int draw);

// <task>-import-<name>, the key of an import's configuration and network.
std::string ImportKey(const v1::SweepSpec& spec, const v1::Import& import);
// The import whose network has this key, or null.
const v1::Import* FindImport(const v1::SweepSpec& spec, absl::string_view key);
// Units of the network or recording in an import's file; INVALID_ARGUMENT names the array that is
// missing, not finite or of another shape than the cell and `task_inputs` (0: unknown) ask for.
absl::StatusOr<int> ReadImportUnits(absl::string_view bytes, const v1::Import& import,
                                    int task_inputs);

// Of an import that is no network but recorded activity: it has states alone, and no activation.
inline bool IsRecording(absl::string_view architecture) { return architecture == base::kRecording; }

// The registered names, as sweep files spell them.
const std::vector<std::string>& ArchitectureNames();
// Those that an import may have: "recording" too.
const std::vector<std::string>& ImportArchitectureNames();
const std::vector<std::string>& ActivationNames();
// Of Training.precision, the default first.
const std::vector<std::string>& PrecisionNames();
// Inputs and outputs of a task (of a dataset: 0, unknown here).
int TaskInputs(const v1::Task& task);
int TaskOutputs(const v1::Task& task);
// "svcca", "cka", …: the metric's name and its file's. Empty for a metric without a kind.
std::string MetricName(const v1::Metric& metric);
std::vector<std::string> MetricNames();
// A measured number for sentences, four significant digits: "0.4821", "120.6", "1.2e-05".
std::string FormatNumber(double value);
// The candidate closest to `word` by edit distance, or empty if none is near.
std::string NearestName(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace rnnfarm::population

#endif  // RNNFARM_COORDINATOR_POPULATION_POPULATION_H_
