#include "client/outage.h"

#include "absl/strings/str_cat.h"
#include "base/steady_time.h"

namespace rnnfarm::client {

absl::Status Outage::Note(const absl::Status& called) {
  const absl::Time now = base::SteadyNow();
  if (called.ok()) {
    if (lost_ != absl::InfiniteFuture()) say_("the coordinator is back");
    lost_ = absl::InfiniteFuture();
    seen_ = true;
    return absl::OkStatus();
  }
  const bool outage = absl::IsUnavailable(called) || absl::IsDeadlineExceeded(called);
  if (!seen_ || !outage || now - lost_ > kLongestOutage) return called;
  if (lost_ == absl::InfiniteFuture()) {
    say_(absl::StrCat("the coordinator at ", farm_.address(), " went away; waiting for it"));
    lost_ = now;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::client
