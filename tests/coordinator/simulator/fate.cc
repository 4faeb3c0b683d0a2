#include "tests/coordinator/simulator/fate.h"

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/random_stream.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::simulator {
namespace {

constexpr double kDiverging = 0.15, kLarge = 0.15, kPoisonous = 0.02;
constexpr uint64_t kSeedsToOnePoisoned = 3;

// In [0, 1), of a text.
double Lot(absl::string_view of, absl::string_view purpose) {
  return base::RandomStream(base::DeriveStream(0, of, purpose)).Uniform();
}

// The fate of a network is the same in all farms, and is asked for with each lease.
struct NetworkFate {
  bool diverges, is_large;
};
const NetworkFate& FateOf(const std::string& stream_key) {
  static std::map<std::string, NetworkFate>& fates = *new std::map<std::string, NetworkFate>;
  const auto [fate, is_new] = fates.try_emplace(stream_key);
  if (is_new) {
    fate->second = {Lot(stream_key, "diverges") < kDiverging, Lot(stream_key, "memory") < kLarge};
  }
  return fate->second;
}

bool Diverges(const v1::JobSpec& spec) {
  const bool trains = spec.kind() == v1::JOB_KIND_SEARCH || spec.kind() == v1::JOB_KIND_TRAIN;
  return trains && FateOf(spec.stream_key()).diverges;
}

}  // namespace

v1::SweepSpec FirstSweep(bool extended) {
  v1::SweepSpec spec = ParseSweep(R"(
      name: "first" base_seed: 3
      task { name: "flipflop" flip_flop {} }
      task { name: "sine" sine_wave {} }
      grid { architecture: ["gru", "lstm"] activation: "tanh" units: 16 l2: [1e-5, 1e-3] }
      seeds { count: 3 }
      search { trials_per_config: 4 rungs: 2 }
      training { keep_untrained: true }
      limits { job_timeout: "10m" }
      hyperparameters { architecture: "lstm"
                        learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 })");
  if (extended) spec.mutable_seeds()->set_count(4);
  return spec;
}

v1::SweepSpec UrgentSweep() {
  return ParseSweep(R"(
      name: "urgent" base_seed: 5
      task { name: "cdi" context_integration {} }
      grid { architecture: ["vanilla", "ugrnn"] activation: "tanh" units: [16, 32] l2: 1e-4 }
      seeds { count: 8 }
      limits { job_timeout: "10m" }
      scheduling { priority: 1 }
      hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 })");
}

v1::SweepSpec DoomedSweep() {
  return ParseSweep(R"(
      name: "doomed" base_seed: 7
      task { name: "flipflop" flip_flop {} }
      grid { architecture: "gru" activation: "relu" units: 16 l2: 1e-5 }
      seeds { count: 4 }
      limits { job_timeout: "10m" }
      search { trials_per_config: 4 rungs: 2 })");
}

v1::JobReport ResultOf(const v1::Lease& lease) {
  using scheduler::Farm;
  return Diverges(lease.spec()) ? Farm::Diverged(lease) : Farm::Result(lease);
}

std::string DistancesOf(absl::string_view task, const std::vector<const v1::Network*>& networks) {
  std::map<std::string, std::string> states;
  for (const v1::Network* network : networks) {
    if (network->task() != task || !network->included()) continue;
    states[network->name()] = network->artifacts().at("states");
  }
  base::Digest digest;
  for (const auto& [name, state] : states) digest.Update(absl::StrCat(name, "=", state, ";"));
  return absl::StrCat("distances of ", states.size(), " networks ", digest.Finish());
}

int64_t MemoryNeeded(const v1::JobSpec& spec) {
  return FateOf(spec.stream_key()).is_large ? 6 * kGiB : kGiB;
}

bool IsPoison(uint64_t seed, absl::string_view job) {
  if (seed % kSeedsToOnePoisoned != 0 || absl::StrContains(job, "/jobs/compare-")) return false;
  return Lot(absl::StrCat(seed, job), "poison") < kPoisonous;
}

}  // namespace rnnfarm::simulator
