#include "coordinator/service/farm_gauges.h"

#include <filesystem>

#include "coordinator/service/metrics.h"

namespace rnnfarm::service {
namespace {

class Gauges {
 public:
  Gauges(const char* name, const char* help)
      : family_{name, help, prometheus::MetricType::Gauge, {}} {}

  Gauges& Add(int64_t value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.gauge.value = static_cast<double>(value);
    metric.label = std::move(labels);
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  // One a state, by its number.
  template <typename Counts>
  Gauges& AddStates(const Counts& counts, const google::protobuf::EnumDescriptor& type) {
    for (size_t state = 1; state < counts.size(); ++state) {
      Add(counts[state], {{"state", WordOf(type, static_cast<int>(state))}});
    }
    return *this;
  }
  prometheus::MetricFamily Take() { return std::move(family_); }

 private:
  prometheus::MetricFamily family_;
};

prometheus::MetricFamily Jobs(const scheduler::Totals& totals) {
  Gauges jobs("rnnfarm_jobs", "Jobs of all sweeps.");
  for (size_t kind = 1; kind < totals.jobs.size(); ++kind) {
    for (size_t state = 1; state < totals.jobs[kind].size(); ++state) {
      jobs.Add(totals.jobs[kind][state],
               {{"kind", WordOf(*v1::JobKind_descriptor(), static_cast<int>(kind))},
                {"state", WordOf(*v1::JobState_descriptor(), static_cast<int>(state))}});
    }
  }
  return jobs.Take();
}

// Of the files that lie in the folder itself; RocksDB makes no folders below. Some may be deleted
// meanwhile.
int64_t BytesIn(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const auto size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

std::vector<prometheus::MetricFamily> FarmGauges(const Ledger& ledger,
                                                 const std::string& store_path,
                                                 absl::Time last_backup) {
  std::vector<prometheus::MetricFamily> families;
  scheduler::Totals totals;
  const absl::Status read =
      ledger.Read([&](const scheduler::Scheduler& scheduler) { totals = scheduler.CountAll(); });
  if (read.ok()) {
    families.push_back(Jobs(totals));
    families.push_back(Gauges("rnnfarm_sweeps", "Sweeps.")
                           .AddStates(totals.sweeps, *v1::SweepState_descriptor())
                           .Take());
    families.push_back(Gauges("rnnfarm_workers", "Workers, those lost of the last day included.")
                           .AddStates(totals.workers, *v1::WorkerState_descriptor())
                           .Take());
    families.push_back(Gauges("rnnfarm_leases",
                              "Jobs in the hands of workers, the coordinator's "
                              "own comparisons included.")
                           .Add(totals.leases)
                           .Take());
    families.push_back(
        Gauges("rnnfarm_networks", "Networks of all sweeps.").Add(totals.networks).Take());
  }
  families.push_back(Gauges("rnnfarm_ledger_failed",
                            "1 once the store can no longer be written to and the process ends.")
                         .Add(read.ok() ? 0 : 1)
                         .Take());
  families.push_back(Gauges("rnnfarm_apply_queue_length", "Changes that wait to be applied.")
                         .Add(static_cast<int64_t>(ledger.waiting()))
                         .Take());
  families.push_back(Gauges("rnnfarm_store_bytes", "Size of the database's files, in bytes.")
                         .Add(BytesIn(store_path + "/db"))
                         .Take());
  if (last_backup > absl::InfinitePast()) {
    families.push_back(Gauges("rnnfarm_last_backup_timestamp_seconds",
                              "When the newest backup was written, in seconds since 1970.")
                           .Add(absl::ToUnixSeconds(last_backup))
                           .Take());
  }
  std::error_code error;
  const auto space = std::filesystem::space(store_path, error);
  if (!error) {
    families.push_back(
        Gauges("rnnfarm_store_free_bytes", "Free space of the store's disk, in bytes.")
            .Add(static_cast<int64_t>(space.available))
            .Take());
  }
  return families;
}

}  // namespace rnnfarm::service
