#include "coordinator/scheduler/queues.h"

#include <algorithm>
#include <utility>

#include "coordinator/scheduler/entries.h"

namespace rnnfarm::scheduler {
namespace {

// What gets a lease first. Comparisons and analyses finish what has begun.
constexpr v1::JobKind kPriority[] = {v1::JOB_KIND_COMPARE, v1::JOB_KIND_ANALYZE,
                                     v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN};

Turn TurnOf(SweepEntry& sweep) { return {sweep.share.priority, sweep.share.served, &sweep}; }

Shelf::Place PlaceOf(const Line& line) {
  const Shape& shape = *line.shape;
  const double cost = shape.measured.empty() ? shape.extent.operations
                                             : absl::ToDoubleSeconds(shape.measured.Mean());
  return {-cost, shape.queue};
}

void Insert(Line& line, Shelf& shelf) {
  (line.shape->measured.empty() ? shelf.estimated : shelf.measured)[PlaceOf(line)] = &line;
}
void Erase(const Line& line, Shelf& shelf) {
  (line.shape->measured.empty() ? shelf.estimated : shelf.measured).erase(PlaceOf(line));
}

Shelf& ShelfOf(const Line& line) {
  Shelf& shelf = line.shape->sweep->shelves[line.shape->kind]
                     .try_emplace(line.need->memory_bytes)
                     .first->second;
  shelf.demand = line.demand;
  shelf.need = line.need;
  return shelf;
}

// Puts the sweep where its share says, in all demands that it has work for, or takes it out.
void Index(SweepEntry& sweep, bool in) {
  for (int kind = 0; kind < kJobKinds; ++kind) {
    for (auto& [memory, shelf] : sweep.shelves[kind]) {
      if (shelf.empty()) continue;
      auto& ready = shelf.demand->ready[kind];
      in ? void(ready.insert(TurnOf(sweep))) : void(ready.erase(TurnOf(sweep)));
    }
  }
}

Line* CostliestOf(const Shelf& shelf, v1::JobKind kind, const SweepEntry& sweep) {
  if (shelf.measured.empty()) return shelf.estimated.begin()->second;
  if (shelf.estimated.empty()) return shelf.measured.begin()->second;
  const auto& [seconds, measured] = *shelf.measured.begin();
  const auto& [operations, estimated] = *shelf.estimated.begin();
  const double estimate = operations.first * sweep.measured[kind].SecondsPerOperation();
  return estimate < seconds.first ? estimated : measured;  // both are negative
}

}  // namespace

bool operator<(const Turn& a, const Turn& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.served != b.served) return a.served < b.served;
  return a.sweep != b.sweep && a.sweep->key < b.sweep->key;
}

double Queues::CostOf(const Shape& shape) {
  if (!shape.measured.empty()) return absl::ToDoubleSeconds(shape.measured.Mean());
  return shape.extent.operations * shape.sweep->measured[shape.kind].SecondsPerOperation();
}

void Queues::Shelve(Line& line) {
  Shelf& shelf = ShelfOf(line);
  SweepEntry& sweep = *line.shape->sweep;
  if (shelf.empty() && sweep.share.open) {
    shelf.demand->ready[line.shape->kind].insert(TurnOf(sweep));
  }
  Insert(line, shelf);
}

void Queues::Unshelve(Line& line) {
  Shelf& shelf = ShelfOf(line);
  SweepEntry& sweep = *line.shape->sweep;
  Erase(line, shelf);
  if (shelf.empty() && sweep.share.open) {
    shelf.demand->ready[line.shape->kind].erase(TurnOf(sweep));
  }
}

void Queues::Join(SweepEntry& sweep) {
  std::set<Turn>& waiting = waiting_[sweep.share.priority];
  double& least = least_served_[sweep.share.priority];
  if (!waiting.empty()) least = waiting.begin()->served;
  sweep.share.served = std::max(sweep.share.served, least);
  waiting.insert(TurnOf(sweep));
}

void Queues::Leave(SweepEntry& sweep) {
  std::set<Turn>& waiting = waiting_[sweep.share.priority];
  least_served_[sweep.share.priority] = waiting.begin()->served;
  waiting.erase(TurnOf(sweep));
}

void Queues::Add(Line& line, uint64_t order) {
  SweepEntry& sweep = *line.shape->sweep;
  line.ready.insert(order);
  if (line.ready.size() > 1) return;
  if (++sweep.share.lines == 1 && sweep.share.open) Join(sweep);
  if (!line.aside) Shelve(line);
}

void Queues::Remove(Line& line, uint64_t order) {
  SweepEntry& sweep = *line.shape->sweep;
  line.ready.erase(order);
  if (!line.ready.empty()) return;
  if (!line.aside) Unshelve(line);
  if (--sweep.share.lines == 0 && sweep.share.open) Leave(sweep);
}

void Queues::SetAside(Line& line) {
  Unshelve(line);
  line.aside = true;
}

void Queues::PutBack(Line& line) {
  line.aside = false;
  if (!line.ready.empty()) Shelve(line);
}

void Queues::Open(SweepEntry& sweep) {
  if (std::exchange(sweep.share.open, true) || sweep.share.lines == 0) return;
  Join(sweep);
  Index(sweep, true);
}

void Queues::Close(SweepEntry& sweep) {
  if (!std::exchange(sweep.share.open, false) || sweep.share.lines == 0) return;
  Index(sweep, false);
  Leave(sweep);
}

void Queues::SetShare(SweepEntry& sweep, int priority, double weight) {
  sweep.share.priority = priority;
  sweep.share.weight = weight;
}

void Queues::Charge(SweepEntry& sweep, double seconds) {
  const bool waits = sweep.share.open && sweep.share.lines > 0;
  if (waits) {
    Index(sweep, false);
    Leave(sweep);
  }
  sweep.share.served += seconds / sweep.share.weight;
  if (waits) {
    waiting_[sweep.share.priority].insert(TurnOf(sweep));
    Index(sweep, true);
  }
}

void Queues::Measure(Shape& shape, absl::Duration whole) {
  const auto for_shelved = [&](const auto& act) {
    for (auto& [memory, line] : shape.lines) {
      if (!line.ready.empty() && !line.aside) act(line, ShelfOf(line));
    }
  };
  for_shelved([](Line& line, Shelf& shelf) { Erase(line, shelf); });
  shape.measured.Add(whole, shape.extent.operations);
  shape.sweep->measured[shape.kind].Add(whole, shape.extent.operations);
  for_shelved([](Line& line, Shelf& shelf) { Insert(line, shelf); });
}

bool Queues::HasFor(const Demands& demands, const Ability& ability) {
  for (const auto& [need, demand] : demands) {
    if (!Meets(ability, need)) continue;
    for (v1::JobKind kind : kPriority) {
      if (ability.Can(kind) && !demand.ready[kind].empty()) return true;
    }
  }
  return false;
}

bool Queues::LacksWorkersFor(const Demands& demands, const Ability& ability) {
  for (const auto& [need, demand] : demands) {
    if (!Meets(ability, need)) continue;
    for (v1::JobKind kind : kPriority) {
      if (ability.Can(kind) && !demand.ready[kind].empty() && demand.workers[kind] == 0)
        return true;
    }
  }
  return false;
}

Line* Queues::Next(const Demands& demands, const Ability& ability) {
  const Turn* next = nullptr;
  for (const auto& [need, demand] : demands) {
    if (!Meets(ability, need)) continue;
    for (v1::JobKind kind : kPriority) {
      if (!ability.Can(kind) || demand.ready[kind].empty()) continue;
      const Turn& first = *demand.ready[kind].begin();
      if (next == nullptr || first < *next) next = &first;
    }
  }
  if (next == nullptr) return nullptr;
  for (v1::JobKind kind : kPriority) {
    if (!ability.Can(kind)) continue;
    // Jobs that need much memory first: few workers have it.
    auto& shelves = next->sweep->shelves[kind];
    for (auto shelf = shelves.rbegin(); shelf != shelves.rend(); ++shelf) {
      if (shelf->second.empty() || !Meets(ability, *shelf->second.need)) continue;
      return CostliestOf(shelf->second, kind, *next->sweep);
    }
  }
  return nullptr;
}

}  // namespace rnnfarm::scheduler
