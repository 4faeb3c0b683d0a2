// What listings show of a record where no field of its message holds it as such: the same where it
// is shown and where it is filtered and sorted by.
#ifndef RNNFARM_BASE_SHOWN_VALUES_H_
#define RNNFARM_BASE_SHOWN_VALUES_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::base {

// What a job is about: a network, "CONFIGURATION draw 3 rung 0", or a task.
inline std::string SubjectOf(const v1::Job& job) {
  if (!job.network().empty()) return job.network();
  if (job.kind() != v1::JOB_KIND_SEARCH) return job.task();
  return absl::StrCat(job.configuration(), " draw ", job.draw(), " rung ", job.rung());
}

// Share of the work that is done, 0 to 1, of a job that runs and tells it.
inline std::optional<double> ShareOf(const v1::Job& job) {
  if (!job.has_progress() || job.progress().iterations() <= 0) return std::nullopt;
  return static_cast<double>(job.progress().iteration()) /
         static_cast<double>(job.progress().iterations());
}

// The last training loss of a job that trains now. That of an analysis or a job that waits is not
// 0: it has none.
inline std::optional<double> LossNow(const v1::Job& job) {
  if (!(job.progress().iterations_per_second() > 0)) return std::nullopt;
  return job.progress().loss();
}

// "8/12/6/1": fixed points with 0, 1, 2, … unstable directions.
inline std::string PointsByIndex(const v1::ConditionSummary& condition) {
  return absl::StrJoin(condition.by_index(), "/");
}

// "not converged 12, out of range 3", or empty.
inline std::string RejectedText(const v1::ConditionSummary& condition) {
  const std::map<std::string, int> by_reason(condition.rejected().begin(),
                                             condition.rejected().end());
  return absl::StrJoin(by_reason, ", ", absl::PairFormatter(" "));
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_SHOWN_VALUES_H_
