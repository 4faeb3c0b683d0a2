// A coordinator that was there and goes away is waited for.
//
//   Outage outage(farm, [](const std::string& line) { ... });
//   ... if (absl::Status status = outage.Note(response.status()); !status.ok()) return status;
#ifndef RNNFARM_CLIENT_OUTAGE_H_
#define RNNFARM_CLIENT_OUTAGE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/farm.h"

namespace rnnfarm::client {

inline constexpr absl::Duration kLongestOutage = absl::Minutes(10);

class Outage {
 public:
  // `say` is told when it begins and when it is over.
  Outage(const Farm& farm, std::function<void(const std::string&)> say)
      : farm_(farm), say_(std::move(say)) {}
  // How a call ended. OK where it is to be tried again; what it ended with where that is no outage,
  // nothing was ever answered, or it lasts longer than kLongestOutage.
  absl::Status Note(const absl::Status& called);

 private:
  const Farm& farm_;
  const std::function<void(const std::string&)> say_;
  bool seen_ = false;
  absl::Time lost_ = absl::InfiniteFuture();
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_OUTAGE_H_
