#include "coordinator/scheduler/stragglers.h"

#include <algorithm>
#include <tuple>

#include "coordinator/scheduler/entries.h"

namespace rnnfarm::scheduler {

bool operator<(const Overdue& a, const Overdue& b) {
  if (a.due != b.due) return a.due < b.due;
  if (a.line == b.line) return false;
  const auto place = [](const Line& line) {
    return std::tie(line.shape->sweep->key, line.shape->queue);
  };
  return place(*a.line) < place(*b.line);
}

absl::Duration Stragglers::PatienceOf(const Line& line) const {
  if (line.shape->measured.empty()) return absl::InfiniteDuration();
  return std::max(least_, factor_ * line.shape->measured.Mean());
}

void Stragglers::Rank(Line& line) const {
  auto& overdue = line.demand->overdue[line.shape->kind];
  if (line.due != absl::InfiniteFuture()) overdue.erase({line.due, &line});
  const bool can_be_late = !line.watched.empty() && line.shape->sweep->share.open;
  line.due = can_be_late ? line.watched.begin()->first + PatienceOf(line) : absl::InfiniteFuture();
  if (line.due != absl::InfiniteFuture()) overdue.insert({line.due, &line});
}

void Stragglers::Watch(Line& line, absl::Time begin, uint64_t order) {
  line.watched.insert({begin, order});
  Rank(line);
}

void Stragglers::Unwatch(Line& line, absl::Time begin, uint64_t order) {
  line.watched.erase({begin, order});
  Rank(line);
}

Stragglers::Found Stragglers::Find(
    const Demands& demands, const Ability& ability, absl::Time now,
    const std::function<bool(const Line&, uint64_t order)>& may_help) const {
  Found found;
  absl::Time earliest = absl::InfiniteFuture();
  int looked_at = 0;
  for (const auto& [need, demand] : demands) {
    if (!Meets(ability, need)) continue;
    for (int kind = 0; kind < kJobKinds; ++kind) {
      if (!ability.Can(static_cast<v1::JobKind>(kind))) continue;
      for (const auto& [first_due, line] : demand.overdue[kind]) {
        if (first_due > now || first_due >= earliest || looked_at > kMostLookedAt) break;
        const absl::Duration patience = PatienceOf(*line);
        for (const auto& [begin, order] : line->watched) {
          const absl::Time due = begin + patience;
          if (due > now || due >= earliest || ++looked_at > kMostLookedAt) break;
          if (!may_help(*line, order)) continue;
          earliest = due;
          found = {line, order};
          break;
        }
      }
    }
  }
  return found;
}

}  // namespace rnnfarm::scheduler
