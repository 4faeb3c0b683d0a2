#include "coordinator/comparison/distances.h"

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/metric_registry.h"

namespace rnnfarm::comparison {
namespace {

const char* RoleOf(analysis::MetricInput input) {
  return input == analysis::MetricInput::kStates ? "states" : "fixed_points";
}

// An error of `read`, which is no property of the network.
absl::Status Unreadable(const v1::Network& network, const char* role, const absl::Status& why) {
  return absl::Status(why.code(),
                      absl::StrCat(network.key(), ": its ", role,
                                   " file cannot be read for the comparison: ", why.message()));
}

// A metric, and the networks as the engine of all pairs takes them. Every network of the task has
// its place there, whether it takes part or not, so that the tiles stay where they are when one is
// left out.
struct Task {
  const analysis::MetricKind* kind = nullptr;
  std::unique_ptr<analysis::Metric> metric;
  analysis::PairwiseInput input;
};

absl::StatusOr<Task> MakeTask(const MetricSettings& settings,
                              const std::vector<v1::Network>& networks, const ReadArtifact& read) {
  Task task;
  auto kind = analysis::FindMetric(settings.name);
  if (!kind.ok()) return kind.status();
  task.kind = *kind;
  auto complete = analysis::CompleteSettings(**kind, settings.settings);
  if (!complete.ok()) return complete.status();
  task.metric = task.kind->make(*complete);
  task.input.metric = task.metric.get();
  task.input.identity =
      absl::StrCat(settings.name, " ", absl::StrJoin(*complete, " ", absl::PairFormatter("=")));
  const char* role = RoleOf(task.kind->input);
  for (const v1::Network& network : networks) {
    const auto found = network.artifacts().find(role);
    const bool there = found != network.artifacts().end();
    task.input.files.push_back(
        {role, there ? found->second : std::string(), absl::StrCat("it has no ", role, " file")});
  }
  task.input.read = [&networks, read, role](int i) -> absl::StatusOr<std::string> {
    auto bytes = read(networks[i].artifacts().at(role));
    if (!bytes.ok()) return Unreadable(networks[i], role, bytes.status());
    return bytes;
  };
  return task;
}

// The extent that most of `members` have.
int64_t ModalExtent(const std::vector<v1::Network>& networks,
                    const std::vector<analysis::Member>& members, bool untrained_too) {
  std::map<int64_t, int> count;
  for (size_t i = 0; i < networks.size(); ++i) {
    const bool counts = networks[i].included() && members[i].reason.empty() &&
                        (untrained_too || !networks[i].untrained());
    if (counts) ++count[members[i].extent];
  }
  int64_t modal = 0;
  for (const auto& [extent, networks_with_it] : count) {
    if (modal == 0 || networks_with_it > count[modal]) modal = extent;
  }
  if (modal == 0 && !untrained_too) return ModalExtent(networks, members, true);
  return modal;
}

std::string OtherExtent(analysis::MetricInput input, int64_t own, int64_t modal) {
  if (input == analysis::MetricInput::kStates) {
    return absl::StrCat("its states have ", own, " samples, those of most networks ", modal);
  }
  return absl::StrCat("its graph has ", own, " nodes; only graphs with the modal number, ", modal,
                      ", are compared");
}

}  // namespace

bool HasEnded(const v1::Network& network) {
  // An analysis leaves both at once.
  return network.artifacts().count("states") > 0 || !network.excluded_reason().empty();
}

absl::StatusOr<MetricDistances> MeasureDistances(const MetricSettings& settings,
                                                 const std::vector<v1::Network>& networks,
                                                 const ReadArtifact& read,
                                                 const analysis::PairwiseOptions& options) {
  auto task = MakeTask(settings, networks, read);
  if (!task.ok()) return task.status();
  auto all = analysis::MeasureAllPairs(task->input, options);
  if (!all.ok()) return all.status();
  MetricDistances out;
  if (task->metric->EqualExtents()) out.extent = ModalExtent(networks, all->members, false);
  for (int i = 0; i < static_cast<int>(networks.size()); ++i) {
    if (!networks[i].included()) continue;
    const analysis::Member& member = all->members[i];
    std::string reason = member.reason;
    if (reason.empty() && out.extent != 0 && member.extent != out.extent) {
      reason = OtherExtent(task->kind->input, member.extent, out.extent);
    }
    if (reason.empty()) {
      out.rows.push_back(i);
    } else {
      out.left_out.push_back({i, std::move(reason)});
    }
  }
  out.distances = all->distances(out.rows, out.rows);
  return out;
}

absl::Status PrepareDistances(const MetricSettings& settings,
                              const std::vector<v1::Network>& networks, const ReadArtifact& read,
                              const analysis::PairwiseOptions& options) {
  auto task = MakeTask(settings, networks, read);
  if (!task.ok()) return task.status();
  analysis::PairwiseOptions of_ended = options;
  of_ended.ready = [&](int i) { return HasEnded(networks[i]); };
  return analysis::MeasureAllPairs(task->input, of_ended).status();
}

}  // namespace rnnfarm::comparison
