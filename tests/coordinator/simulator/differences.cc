// Whether a storm ended like a calm.
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/deterministic_bytes.h"
#include "tests/coordinator/simulator/fate.h"
#include "tests/coordinator/simulator/judge.h"
#include "tests/coordinator/simulator/simulation.h"

namespace rnnfarm::simulator {
namespace {

std::string SweepOf(const std::string& name) { return name.substr(0, name.find('/', 7)); }

// What cannot be expected to end as it does in a calm.
struct Spoilt {
  std::set<std::string> sweeps, tasks, configurations, networks;  // each as sweep/key

  bool Has(const v1::Job& job) const {
    const std::string sweep = SweepOf(job.name()) + "/";
    return Has(sweep + job.configuration(), sweep + job.network()) ||
           (job.kind() == v1::JOB_KIND_COMPARE && tasks.count(sweep + job.task()) > 0) ||
           sweeps.count(SweepOf(job.name())) > 0;
  }
  bool Has(const std::string& configuration, const std::string& network) const {
    return configurations.count(configuration) > 0 || networks.count(network) > 0;
  }
};

Spoilt FindSpoilt(uint64_t seed, const Records& storm) {
  Spoilt spoilt;
  for (const auto& [name, sweep] : storm.sweeps) {
    if (sweep.state() == v1::SWEEP_STATE_CANCELLED) spoilt.sweeps.insert(name);
  }
  for (const auto& [name, network] : storm.networks) {
    if (network.reseeds() == 0) continue;
    spoilt.networks.insert(SweepOf(name) + "/" + network.key());
    spoilt.tasks.insert(SweepOf(name) + "/" + network.task());
  }
  for (const auto& [name, job] : storm.jobs) {
    const bool given_up = job.state() == v1::JOB_STATE_FAILED ||
                          job.state() == v1::JOB_STATE_QUARANTINED ||
                          job.state() == v1::JOB_STATE_CANCELLED;
    const std::string sweep = SweepOf(name) + "/";
    if (job.kind() == v1::JOB_KIND_SEARCH && given_up) {
      spoilt.configurations.insert(sweep + job.configuration());
      spoilt.tasks.insert(sweep + job.task());
    } else if (IsPoison(seed, name)) {
      spoilt.networks.insert(sweep + job.network());
      spoilt.tasks.insert(sweep + job.task());
    }
  }
  return spoilt;
}

bool SameArtifacts(const v1::Job& a, const v1::Job& b) {
  if (a.artifacts_size() != b.artifacts_size()) return false;
  for (const auto& [role, digest] : a.artifacts()) {
    const auto found = b.artifacts().find(role);
    if (found == b.artifacts().end() || found->second != digest) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> Differences(uint64_t seed, const Records& storm, const Records& calm) {
  const Spoilt spoilt = FindSpoilt(seed, storm);
  std::vector<std::string> differences;
  for (const auto& [name, expected] : calm.jobs) {
    if (spoilt.Has(expected)) continue;
    const auto job = storm.jobs.find(name);
    if (job == storm.jobs.end() || job->second.state() != expected.state() ||
        !SameArtifacts(job->second, expected)) {
      differences.push_back(name + " ended otherwise than in a calm");
    }
  }
  for (const auto& [name, job] : storm.jobs) {
    if (!spoilt.Has(job) && calm.jobs.count(name) == 0) differences.push_back(name + " is new");
  }
  for (const auto& [name, expected] : calm.networks) {
    const std::string sweep = SweepOf(name) + "/";
    if (spoilt.sweeps.count(SweepOf(name)) > 0 ||
        spoilt.Has(sweep + expected.configuration(), sweep + expected.key())) {
      continue;
    }
    const auto network = storm.networks.find(name);
    if (network == storm.networks.end() ||
        base::DeterministicBytes(network->second) != base::DeterministicBytes(expected)) {
      differences.push_back(name + " is another network than in a calm");
    }
  }
  for (const auto& [name, expected] : calm.configurations) {
    if (spoilt.sweeps.count(SweepOf(name)) > 0 || spoilt.configurations.count(name) > 0) continue;
    const auto configuration = storm.configurations.find(name);
    if (configuration == storm.configurations.end() ||
        base::DeterministicBytes(configuration->second) != base::DeterministicBytes(expected)) {
      differences.push_back(name + " is searched otherwise than in a calm");
    }
  }
  return differences;
}

}  // namespace rnnfarm::simulator
