#include "tests/coordinator/simulator/forgetful_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::simulator {
namespace {

// Whose names begin with that of the sweep.
template <typename Map>
void EraseOf(const std::string& sweep, Map& records) {
  const auto begin = records.lower_bound(sweep + "/");
  auto end = begin;
  while (end != records.end() && absl::StartsWith(end->first, sweep + "/")) ++end;
  records.erase(begin, end);
}

void Delete(const v1::DeletedSweep& deleted, Records& records) {
  const std::string& name = deleted.name();
  records.sweeps.erase(name);
  EraseOf(name, records.configurations);
  EraseOf(name, records.networks);
  EraseOf(name, records.jobs);
  EraseOf(name, records.events);
  records.deleted_sweeps[name] = deleted;
}

}  // namespace

absl::Status ForgetfulStore::Commit(const std::vector<store::Batch>& batches) {
  const Fate fate = std::exchange(fate_, Fate::kKept);
  if (fate == Fate::kDiskFull) full_ = true;
  if (auto status = CheckWritable(); !status.ok()) return status;
  lost_power_ = fate == Fate::kPowerLostBefore || fate == Fate::kPowerLostAfter;
  if (fate == Fate::kPowerLostBefore) return absl::UnavailableError("the power was lost");
  for (const store::Batch& batch : batches) {
    witness_(batch, records_);
    Put(batch);
  }
  if (!syncs_ && ++commits_ % kCommitsUntilSync == 0) synced_ = records_;
  return absl::OkStatus();
}

void ForgetfulStore::Put(const store::Batch& batch) {
  for (const v1::DeletedSweep& deleted : batch.deleted_sweeps) Delete(deleted, records_);
  for (const v1::Sweep& sweep : batch.sweeps) records_.sweeps[sweep.name()] = sweep;
  for (const v1::Configuration& configuration : batch.configurations) {
    records_.configurations[absl::StrCat(configuration.sweep(), "/", configuration.key())] =
        configuration;
  }
  for (const v1::Network& network : batch.networks) records_.networks[network.name()] = network;
  for (const v1::Job& job : batch.jobs) records_.jobs[job.name()] = job;
  for (const v1::Worker& worker : batch.workers) {
    if (worker.state() == v1::WORKER_STATE_DRAINING) {
      records_.workers[worker.name()] = worker;
    } else {
      records_.workers.erase(worker.name());
    }
  }
  for (const store::JobEventRow& row : batch.events) records_.events[row.job].push_back(row.event);
  for (const auto& [key, answer] : batch.answers) records_.answers[key] = answer;
}

absl::Status ForgetfulStore::Load(const Visitor& visitor) {
  for (const auto& [name, sweep] : records_.sweeps) visitor.sweep(sweep);
  for (const auto& [name, configuration] : records_.configurations) {
    visitor.configuration(configuration);
  }
  for (const auto& [name, network] : records_.networks) visitor.network(network);
  for (const auto& [name, job] : records_.jobs) visitor.job(job);
  for (const auto& [name, worker] : records_.workers) visitor.worker(worker);
  for (const auto& [name, deleted] : records_.deleted_sweeps) visitor.deleted_sweep(deleted);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ForgetfulStore::FindAnswer(absl::string_view request_id) {
  const auto found = records_.answers.find(std::string(request_id));
  if (found == records_.answers.end()) return absl::NotFoundError("not answered before");
  return found->second;
}

absl::Status ForgetfulStore::CheckWritable() {
  return full_ ? absl::ResourceExhaustedError("no space left on the disk") : absl::OkStatus();
}

absl::Status ForgetfulStore::Reopen() {
  full_ = false;
  return absl::OkStatus();
}

void ForgetfulStore::LosePower() {
  full_ = false;
  lost_power_ = false;
  if (!syncs_) records_ = synced_;
}

}  // namespace rnnfarm::simulator
