#include "coordinator/service/last_syncs.h"

namespace rnnfarm::service {

const v1::SyncResponse* LastSyncs::Find(const v1::SyncRequest& request) const {
  if (request.request_id().empty()) return nullptr;
  const auto found = answers_.find(request.worker());
  const bool same = found != answers_.end() && found->second.request_id == request.request_id();
  return same ? &found->second.response : nullptr;
}

void LastSyncs::Remember(const v1::SyncRequest& request, const v1::SyncResponse& response) {
  Answer& answer = answers_[request.worker()];
  order_.erase(answer.number);
  answer = {request.request_id(), response, ++last_number_};
  order_[answer.number] = request.worker();
  if (answers_.size() <= kMaxWorkers) return;
  const auto oldest = order_.begin();
  answers_.erase(oldest->second);
  order_.erase(oldest);
}

void LastSyncs::Clear() {
  answers_.clear();
  order_.clear();
}

}  // namespace rnnfarm::service
