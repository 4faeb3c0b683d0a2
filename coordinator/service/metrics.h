// What the coordinator counts while it works, for Prometheus. No label is a name of a sweep, job,
// network or worker: the number of series does not grow with the farm. Thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_METRICS_H_
#define RNNFARM_COORDINATOR_SERVICE_METRICS_H_

#include <google/protobuf/descriptor.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

class Metrics {
 public:
  Metrics();

  // `batches`, of what was applied at `now`, are durable; it took so many seconds.
  void Committed(const std::vector<store::Batch>& batches, absl::Time now, double seconds);

  // `method` is one of a fixed set of names; `code` such as "NOT_FOUND".
  void CallBegan(const std::string& method) { open_calls_.Add({{"method", method}}).Increment(); }
  void CallGone(const std::string& method) { open_calls_.Add({{"method", method}}).Decrement(); }
  void CallAnswered(const std::string& method, const std::string& code) {
    calls_.Add({{"code", code}, {"method", method}}).Increment();
  }
  void Uploaded(size_t bytes) { uploaded_.Increment(static_cast<double>(bytes)); }
  void Downloaded(size_t bytes) { downloaded_.Increment(static_cast<double>(bytes)); }

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& jobs_ended_;
  prometheus::Family<prometheus::Counter>& job_events_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Histogram& commit_changes_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Family<prometheus::Gauge>& open_calls_;
  prometheus::Counter& uploaded_;
  prometheus::Counter& downloaded_;
};

// "failed" of JOB_STATE_FAILED.
std::string WordOf(const google::protobuf::EnumDescriptor& type, int number);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_METRICS_H_
