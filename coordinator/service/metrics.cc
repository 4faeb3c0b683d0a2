#include "coordinator/service/metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {
namespace {

using prometheus::Histogram;

// From the fastest synced write to a disk in trouble.
const Histogram::BucketBoundaries kCommitSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                    0.05,   0.1,   0.25,  0.5,   1,    5};
// Up to Ledger::kMaxGathered.
const Histogram::BucketBoundaries kCommitChanges = {1, 2, 4, 8, 16, 32, 64, 128, 256};

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Histogram& HistogramOf(prometheus::Registry& registry, const char* name, const char* help,
                       const Histogram::BucketBoundaries& boundaries) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, boundaries);
}

prometheus::Labels EndLabels(int kind, int state) {
  return {{"kind", WordOf(*v1::JobKind_descriptor(), kind)},
          {"outcome", WordOf(*v1::JobState_descriptor(), state)}};
}

bool HasEnded(int state) {
  return state != v1::JOB_STATE_UNSPECIFIED && state != v1::JOB_STATE_PENDING &&
         state != v1::JOB_STATE_LEASED && state != v1::JOB_STATE_HELD;
}

bool EndedAt(const v1::Job& job, absl::Time now) {
  return HasEnded(job.state()) && absl::FromUnixSeconds(job.end_time().seconds()) +
                                          absl::Nanoseconds(job.end_time().nanos()) ==
                                      now;
}

}  // namespace

std::string WordOf(const google::protobuf::EnumDescriptor& type, int number) {
  constexpr absl::string_view kFirst = "UNSPECIFIED";
  const size_t prefix = type.value(0)->name().size() - kFirst.size();
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? "unknown" : absl::AsciiStrToLower(value->name().substr(prefix));
}

Metrics::Metrics()
    : jobs_ended_(Counters(registry_, "rnnfarm_jobs_ended_total",
                           "Jobs that ended since the coordinator was started.")),
      job_events_(Counters(registry_, "rnnfarm_job_events_total",
                           "Lines written into the logs of jobs since the start; a lease that "
                           "was lost is event=\"lost\".")),
      commit_seconds_(HistogramOf(registry_, "rnnfarm_commit_seconds",
                                  "How long one synced write of changes took, in seconds.",
                                  kCommitSeconds)),
      commit_changes_(HistogramOf(registry_, "rnnfarm_commit_changes",
                                  "Changes that one synced write made durable.", kCommitChanges)),
      calls_(Counters(registry_, "rnnfarm_requests_total", "Calls answered, by gRPC's code.")),
      open_calls_(prometheus::BuildGauge()
                      .Name("rnnfarm_requests_open")
                      .Help("Calls under way: of Sync the workers that wait for work, of "
                            "UploadArtifact the open uploads.")
                      .Register(registry_)),
      uploaded_(Counters(registry_, "rnnfarm_uploaded_bytes_total", "Bytes of artifacts received.")
                    .Add({})),
      downloaded_(Counters(registry_, "rnnfarm_downloaded_bytes_total", "Bytes of artifacts sent.")
                      .Add({})) {
  // Series that are there from the beginning, so that the first increment shows in a rate.
  for (int kind = 1; kind < v1::JobKind_ARRAYSIZE; ++kind) {
    for (int state = 1; state < v1::JobState_ARRAYSIZE; ++state) {
      if (HasEnded(state)) jobs_ended_.Add(EndLabels(kind, state));
    }
  }
  for (int event = 1; event < v1::JobEventKind_ARRAYSIZE; ++event) {
    job_events_.Add({{"event", WordOf(*v1::JobEventKind_descriptor(), event)}});
  }
}

void Metrics::Committed(const std::vector<store::Batch>& batches, absl::Time now, double seconds) {
  commit_seconds_.Observe(seconds);
  int changes = 0;
  for (const store::Batch& batch : batches) {
    if (!batch.empty()) ++changes;
    for (const v1::Job& job : batch.jobs) {
      // Records of ended jobs may be written again.
      if (EndedAt(job, now)) jobs_ended_.Add(EndLabels(job.kind(), job.state())).Increment();
    }
    for (const store::JobEventRow& row : batch.events) {
      job_events_.Add({{"event", WordOf(*v1::JobEventKind_descriptor(), row.event.kind())}})
          .Increment();
    }
  }
  commit_changes_.Observe(changes);
}

}  // namespace rnnfarm::service
