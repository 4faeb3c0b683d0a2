#include "coordinator/scheduler/cost.h"

#include <algorithm>

#include "coordinator/scheduler/times.h"

namespace rnnfarm::scheduler {
namespace {

// A hundred million of these fit into a sum.
constexpr absl::Duration kLongestMeasured = absl::Hours(24);
// Of jobs that take so many times less or more nothing can be told: toys are all overhead.
constexpr double kFarthestScaled = 1000;

}  // namespace

void Measured::Add(absl::Duration whole, double operations) {
  whole = std::clamp(whole, absl::ZeroDuration(), kLongestMeasured);
  ++jobs_;
  microseconds_ += absl::ToInt64Microseconds(whole);
  if (operations > 0) {
    ++rated_jobs_;
    rated_microseconds_ += absl::ToInt64Microseconds(whole);
  }
  operations_ += operations;
}

void Measured::Add(const Measured& other) {
  jobs_ += other.jobs_;
  microseconds_ += other.microseconds_;
  rated_jobs_ += other.rated_jobs_;
  rated_microseconds_ += other.rated_microseconds_;
  operations_ += other.operations_;
}

absl::Duration Measured::Mean() const { return absl::Microseconds(microseconds_ / jobs_); }

double Measured::SecondsPerOperation() const {
  if (operations_ <= 0 || rated_microseconds_ <= 0) return kNominalSecondsPerOperation;
  return 1e-6 * static_cast<double>(rated_microseconds_) / operations_;
}

bool Measured::Scales(double operations) const {
  if (operations <= 0 || rated_jobs_ == 0) return false;
  const double mean = operations_ / static_cast<double>(rated_jobs_);
  return operations <= kFarthestScaled * mean && operations * kFarthestScaled >= mean;
}

std::optional<absl::Duration> WholeDuration(const v1::Attempt& attempt,
                                            const population::JobExtent& extent) {
  if (!attempt.has_start_time() || !attempt.has_end_time()) return std::nullopt;
  const absl::Duration took = GetTime(attempt.end_time()) - GetTime(attempt.start_time());
  const int64_t all = extent.last_iteration - extent.first_iteration;
  if (all <= 0) return took;
  const int64_t done =
      extent.last_iteration - std::max(attempt.from_iteration(), extent.first_iteration);
  // From the last iterations alone nothing can be told of the rest.
  constexpr int64_t kLeastShare = 10;  // one in so many
  if (done * kLeastShare < all) return std::nullopt;
  return took * (static_cast<double>(all) / static_cast<double>(done));
}

}  // namespace rnnfarm::scheduler
