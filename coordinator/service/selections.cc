#include "coordinator/service/selections.h"

#include <utility>

namespace rnnfarm::service {

Selections::Names Selections::Find(const std::string& binding, absl::Time now) {
  std::lock_guard lock(mutex_);
  entries_.remove_if([now](const Entry& entry) { return now - entry.made > kKept; });
  for (const Entry& entry : entries_) {
    if (entry.binding == binding) return entry.names;
  }
  return nullptr;
}

void Selections::Keep(const std::string& binding, std::vector<std::string> names, absl::Time now) {
  auto kept = std::make_shared<const std::vector<std::string>>(std::move(names));
  std::lock_guard lock(mutex_);
  entries_.remove_if([&](const Entry& entry) { return entry.binding == binding; });
  entries_.push_back({binding, std::move(kept), now});
  if (entries_.size() > kMostKept) entries_.pop_front();
}

}  // namespace rnnfarm::service
