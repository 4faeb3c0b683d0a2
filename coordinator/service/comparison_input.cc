#include "coordinator/service/comparison_input.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "coordinator/population/population.h"

namespace rnnfarm::service {
namespace {

// In the order of the population, whatever order they were added in.
void Order(const v1::SweepSpec& spec, std::vector<v1::Network>& networks) {
  std::map<std::string, int64_t> place;
  for (const v1::Network& network : population::Enumerate(spec).networks) {
    place.emplace(network.key(), static_cast<int64_t>(place.size()));
  }
  const auto place_of = [&](const v1::Network& network) {
    const auto found = place.find(network.key());
    return found == place.end() ? static_cast<int64_t>(place.size()) : found->second;
  };
  std::stable_sort(networks.begin(), networks.end(),
                   [&](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
}

}  // namespace

absl::StatusOr<comparison::Input> ReadComparisonInput(const Ledger& ledger,
                                                      const std::string& sweep,
                                                      const std::string& task) {
  comparison::Input input;
  input.task = task;
  absl::Status found;
  absl::Status read = ledger.Read([&](const scheduler::Scheduler& scheduler) {
    auto described = scheduler.GetSweep(sweep);
    if (!described.ok()) {
      found = described.status();
      return;
    }
    input.spec = described->spec();
    for (const v1::Network* network : scheduler.NetworksOf(sweep)) {
      if (network->task() == task) input.networks.push_back(*network);
    }
  });
  if (!read.ok()) return read;
  if (!found.ok()) return found;
  Order(input.spec, input.networks);
  return input;
}

analysis::Scratch ScratchOf(const std::string& root, const std::string& sweep,
                            const std::string& task) {
  // Names may hold what a path must not.
  return analysis::Scratch(
      absl::StrCat(root, "/", base::DigestOf(absl::StrCat(sweep, "\n", task))));
}

}  // namespace rnnfarm::service
