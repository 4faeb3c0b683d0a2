#include "coordinator/service/peer_limits.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::service {
namespace {

constexpr char kTryAgain[] = "try again in 5 s";

}  // namespace

std::string PeerOf(const grpc::ServerContextBase& context) {
  const std::string peer = context.peer();
  // ipv4:ADDRESS:PORT, ipv6:[ADDRESS]:PORT, unix:PATH.
  return absl::StartsWith(peer, "ip") ? peer.substr(0, peer.rfind(':')) : peer;
}

absl::StatusOr<PeerLimits::Ticket> PeerLimits::Enter(const std::string& peer) {
  std::lock_guard lock(mutex_);
  if (open_ >= limits_.overall) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the coordinator has ", open_, " ", limits_.what, " open, its limit; ", kTryAgain));
  }
  const auto found = by_peer_.find(peer);
  if (found != by_peer_.end() && found->second >= limits_.a_peer) {
    return absl::ResourceExhaustedError(absl::StrCat(peer, " has ", found->second, " ",
                                                     limits_.what, " open, the limit of one peer; ",
                                                     kTryAgain));
  }
  ++open_;
  ++by_peer_[peer];
  return Ticket(new std::string(peer), Leave{this});
}

void PeerLimits::Leave::operator()(const std::string* peer) const {
  {
    std::lock_guard lock(limits->mutex_);
    --limits->open_;
    const auto found = limits->by_peer_.find(*peer);
    if (--found->second == 0) limits->by_peer_.erase(found);
  }
  delete peer;
}

}  // namespace rnnfarm::service
