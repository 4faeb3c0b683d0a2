#include "bench/dispatch_store.h"

#include <mntent.h>

#include <cstdio>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace rnnfarm::bench {
namespace {

struct Records {
  std::unordered_map<std::string, v1::Network> networks;  // by key
  std::unordered_map<std::string, v1::Job> jobs;          // by name
};

absl::StatusOr<Records> LoadRecords(store::Store& store) {
  Records records;
  store::Store::Visitor visitor;
  visitor.sweep = [](v1::Sweep) {};
  visitor.configuration = [](v1::Configuration) {};
  visitor.network = [&](v1::Network network) { records.networks[network.key()] = network; };
  visitor.job = [&](v1::Job job) { records.jobs[job.name()] = job; };
  if (auto status = store.Load(visitor); !status.ok()) return status;
  return records;
}

absl::Status AddJob(store::Store& store, const v1::Job& job, store::Batch& batch) {
  batch.jobs.push_back(job);
  if (job.event_count() == 0) return absl::OkStatus();
  const int64_t last = job.event_count() - 1;
  auto events = store.ReadEvents(job.name(), last, 1);
  if (!events.ok()) return events.status();
  for (v1::JobEvent& event : *events) batch.events.push_back({job.name(), last, std::move(event)});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<store::Batch>> CheckedCompletions(
    const std::string& folder, const std::vector<std::string>& accepted, size_t count) {
  auto store = store::Store::Open({folder});
  if (!store.ok()) return store.status();
  auto records = LoadRecords(**store);
  if (!records.ok()) return records.status();
  std::vector<store::Batch> batches;
  for (size_t i = 0; i < accepted.size(); ++i) {
    const v1::Job& job = records->jobs[accepted[i]];
    if (job.state() != v1::JOB_STATE_SUCCEEDED) {
      return absl::DataLossError(absl::StrCat("the result of ", accepted[i],
                                              " was acknowledged, but the store has it as ",
                                              v1::JobState_Name(job.state())));
    }
    if (batches.size() >= count) continue;
    store::Batch batch;
    batch.networks.push_back(records->networks[job.network()]);
    for (size_t each : {i, (i + 1) % accepted.size()}) {
      auto status = AddJob(**store, records->jobs[accepted[each]], batch);
      if (!status.ok()) return status;
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

absl::StatusOr<double> RawBatchesPerSecond(const std::string& folder,
                                           const std::vector<store::Batch>& batches, int gathered,
                                           absl::Duration window) {
  auto store = store::Store::Open({folder});
  if (!store.ok()) return store.status();
  std::vector<std::vector<store::Batch>> commits;
  for (size_t i = 0; i + gathered <= batches.size(); i += gathered) {
    commits.emplace_back(batches.begin() + i, batches.begin() + i + gathered);
  }
  if (commits.empty()) return absl::InternalError("too few jobs ended to commit them again");
  const absl::Time begin = absl::Now();
  int64_t done = 0;
  for (size_t next = 0; absl::Now() < begin + window; next = (next + 1) % commits.size()) {
    if (auto status = (*store)->Commit(commits[next]); !status.ok()) return status;
    done += gathered;
  }
  return static_cast<double>(done) / absl::ToDoubleSeconds(absl::Now() - begin);
}

std::string FileSystemOf(const std::string& folder) {
  FILE* mounts = setmntent("/proc/self/mounts", "r");
  if (mounts == nullptr) return "unknown";
  std::string type = "unknown";
  size_t longest = 0;
  while (const mntent* mount = getmntent(mounts)) {
    const std::string at = mount->mnt_dir;
    const bool holds = at == "/" || folder == at || absl::StartsWith(folder, at + "/");
    // Of two at one place the later one is seen.
    if (!holds || at.size() < longest) continue;
    longest = at.size();
    type = mount->mnt_type;
  }
  endmntent(mounts);
  return type;
}

}  // namespace rnnfarm::bench
