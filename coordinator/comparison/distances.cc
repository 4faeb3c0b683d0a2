#include "coordinator/comparison/distances.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/metric_registry.h"

namespace rnnfarm::comparison {
namespace {

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

absl::StatusOr<Task> MakeTask(const ChosenMetric& settings,
                              const std::vector<v1::Network>& networks, const ReadArtifact& read) {
  Task task;
  auto kind = analysis::FindMetric(settings.name);
  if (!kind.ok()) return kind.status();
  task.kind = *kind;
  auto complete = analysis::CompleteSettings(**kind, settings.settings);
  if (!complete.ok()) return complete.status();
  task.metric = task.kind->make(*complete);
  task.input.metric = task.metric.get();
  task.input.identity = analysis::IdentityOf(**kind, *complete);
  const char* role = analysis::RoleOf(task.kind->input);
  for (const v1::Network& network : networks) {
    const auto found = network.artifacts().find(role);
    // What takes no part is not read.
    const bool there = network.included() && found != network.artifacts().end();
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

// Leaves out networks without a distance to others, that with the fewest distances first, until
// every pair has one: a matrix with holes cannot be embedded.
void LeaveOutUnmeasured(const analysis::Matrix& distances, MetricDistances& out) {
  while (true) {
    int worst = -1;
    int64_t most = 0;
    for (int row : out.rows) {
      const int64_t holes = (!distances.row(row)(out.rows).array().isFinite()).count();
      if (holes <= most) continue;
      most = holes;
      worst = row;
    }
    if (worst < 0) return;
    out.rows.erase(std::find(out.rows.begin(), out.rows.end(), worst));
    out.left_out.push_back(
        {worst, absl::StrCat("it has no distance to ", most, " of the other networks")});
    std::sort(out.left_out.begin(), out.left_out.end(),
              [](const LeftOut& a, const LeftOut& b) { return a.network < b.network; });
  }
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
  return network.included() || !network.excluded_reason().empty();
}

absl::StatusOr<MetricDistances> MeasureDistances(const ChosenMetric& settings,
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
  LeaveOutUnmeasured(all->distances, out);
  out.distances = all->distances(out.rows, out.rows);
  return out;
}

absl::Status PrepareDistances(const ChosenMetric& settings,
                              const std::vector<v1::Network>& networks, const ReadArtifact& read,
                              const analysis::PairwiseOptions& options) {
  auto task = MakeTask(settings, networks, read);
  if (!task.ok()) return task.status();
  analysis::PairwiseOptions of_ended = options;
  of_ended.ready = [&](int i) { return HasEnded(networks[i]); };
  return analysis::MeasureAllPairs(task->input, of_ended).status();
}

}  // namespace rnnfarm::comparison
