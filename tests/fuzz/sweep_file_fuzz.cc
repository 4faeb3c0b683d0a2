// Sweep files, text and JSON, and what becomes of a valid one. An input is an optional --set
// setting, a zero byte, and the file; a file that begins with { is JSON.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/sweep_file.h"
#include "client/sweep_source.h"
#include "coordinator/population/population.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

constexpr int64_t kMostNetworks = 2000;
// Nested so far, a parser that calls itself runs out of its stack.
constexpr int kDeep = 100'000;

std::string Repeated(absl::string_view text, int times) {
  std::string out;
  for (; times > 0; --times) absl::StrAppend(&out, text);
  return out;
}

void CheckPositions(const client::ParsedSweep& parsed, absl::string_view text) {
  const int64_t lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const client::Diagnostic& error : parsed.errors) {
    Require(error.at.line >= 1 && error.at.line <= lines && error.at.column >= 1,
            "an error has a place in the file");
    Require(!error.message.empty(), "an error says something");
  }
  for (const auto& [field, at] : parsed.where) {
    Require(at.line >= 1 && at.line <= lines && at.column >= 1, "a field has a place in the file");
  }
  Require(parsed.complete || !parsed.errors.empty(), "what was not read is named");
}

void CheckPopulation(const v1::SweepSpec& spec) {
  const v1::SweepSpec resolved = population::WithDefaults(spec);
  Require(population::Validate(resolved, kMostNetworks).empty(), "a resolved sweep is valid");
  Require(population::SpecDigest(population::WithDefaults(resolved)) ==
              population::SpecDigest(resolved),
          "defaults are written out once");
  const population::Population population = population::Enumerate(resolved);
  Require(static_cast<int64_t>(population.networks.size()) == population::CountNetworks(resolved),
          "networks are counted as they are enumerated");
  std::set<std::string> keys;
  for (const v1::Configuration& each : population.configurations) keys.insert(each.key());
  Require(keys.size() == population.configurations.size(), "configurations have keys of their own");
  keys.clear();
  for (const v1::Network& each : population.networks) keys.insert(each.key());
  Require(keys.size() == population.networks.size(), "networks have keys of their own");
  for (const v1::Configuration& each : population.configurations) {
    if (each.imported()) continue;
    v1::Job job;
    job.set_kind(v1::JOB_KIND_SEARCH);
    job.set_task(each.task());
    population::MakeJobSpec(resolved, each, nullptr, job);
  }
}

}  // namespace

std::vector<std::string> Seeds() {
  return {
      R"(name: "small" base_seed: 7
task { name: "flipflop" flip_flop { bits: 3 } }
grid { architecture: "gru" activation: ["tanh", "relu"] units: [16, 32] l2: 1e-5 }
seeds { count: 2 })",
      std::string("training.iterations=500\0", 24) + R"(name: "all"  # a comment
task { name: "sine" sine_wave { min_frequency: 0.02 } }
task { name: "cdi" context_integration { contexts: 2 } }
task { name: "mine" dataset { path: "mine.npz" } }
grid { architecture: ["lstm", "leaky"] activation: "tanh" units: 8 l2: [0, 1e-3]
       axis { field: "alpha" value: [0.1, 0.5] } }
exclude { architecture: "lstm" l2: 0 reason: "too many" }
seeds { first: 3 count: 1 }
search { trials_per_config: 4 rungs: 2 learning_rate { min: 1e-4 max: 1 log: true } }
training { iterations: 100 keep_untrained: true curriculum { steps: 20 share: 0.5 } }
hyperparameters { units: 8 learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
analysis { metric { svcca { variance: 0.9 } } metric { dsa { rank: 4 } } }
import { path: "a.npz" task: "sine" architecture: "gru" activation: "tanh" }
limits { max_networks: 100 job_timeout: "2h" })",
      R"({"name": "small", "task": [{"name": "f", "flipFlop": {}}],
 "grid": {"architecture": ["gru"], "activation": ["tanh"], "units": [16], "l2": [1e-5]},
 "seeds": {"count": "2"}})",
      "x: " + std::string(kDeep, '['),
      "x " + Repeated("a {", kDeep) + Repeated("}", kDeep),
      "task " + Repeated("<a:", kDeep),
      Repeated("{\"task\":[", kDeep),
      "name: 3\nnmae: \"x\"\ngrid { units: \"many\" l2: [1,, 2] }\nname: \"twice\"",
  };
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  absl::string_view text = fuzz::AsView(data, size);
  const size_t zero = text.find('\0');
  const absl::string_view setting = text.substr(0, zero == absl::string_view::npos ? 0 : zero);
  if (zero != absl::string_view::npos) text.remove_prefix(zero + 1);
  client::ParsedSweep parsed =
      absl::StartsWith(text, "{") ? client::ParseSweepJson(text) : client::ParseSweepText(text);
  fuzz::CheckPositions(parsed, text);
  if (!setting.empty()) client::SetField(setting, parsed.spec).IgnoreError();
  const auto violations = population::Validate(parsed.spec, fuzz::kMostNetworks);
  if (violations.empty()) fuzz::CheckPopulation(parsed.spec);
  return 0;
}
