// Whose turn it is: jobs that can be leased, in the order in which they go.
//
// Sweeps of a higher priority go first. Sweeps of one priority share the farm by weight: the one
// that was served least goes first, counted in seconds of a worker over its weight, and one that
// has had nothing to do starts level with the one served least, so that neither starves. Within a
// sweep, what finishes begun work goes first; within a kind of job, the shape whose jobs cost most.
// Every step costs the logarithm of the number of sweeps or shapes, times the number of different
// needs, which are few.
//
// Deterministic; thread-compatible.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_QUEUES_H_
#define RNNFARM_COORDINATOR_SCHEDULER_QUEUES_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "coordinator/population/population.h"
#include "coordinator/scheduler/cost.h"
#include "coordinator/scheduler/needs.h"

namespace rnnfarm::scheduler {

inline constexpr int kJobKinds = v1::JobKind_ARRAYSIZE;

struct SweepEntry;
struct Shape;
struct Line;

// A sweep's place among those that have work for the same workers.
struct Turn {
  int priority = 0;
  double served = 0;
  SweepEntry* sweep = nullptr;
  friend bool operator<(const Turn& a, const Turn& b);
};

// A line whose oldest lease takes too long from `due` on.
struct Overdue {
  absl::Time due;
  Line* line = nullptr;
  friend bool operator<(const Overdue& a, const Overdue& b);
};

// All that is asked for with one need, and who could do it.
struct Demand {
  std::array<int, kJobKinds> workers{};  // active ones that can do the kind
  std::array<std::set<Turn>, kJobKinds> ready;
  std::array<std::set<Overdue>, kJobKinds> overdue;
};
using Demands = std::map<Need, Demand>;

// Jobs of one shape with the same need, by their order in the sweep.
struct Line {
  Shape* shape = nullptr;
  const Need* need = nullptr;
  Demand* demand = nullptr;
  bool raised = false;       // beyond what the sweep asks for
  std::set<uint64_t> ready;  // can be leased
  bool aside = false;
  std::set<std::pair<absl::Time, uint64_t>> watched;  // leased once; by when that was
  absl::Time due = absl::InfiniteFuture();            // as it is among the overdue
};

// Jobs of one sweep and kind that can share a pack and are taken to cost the same.
struct Shape {
  SweepEntry* sweep = nullptr;
  v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
  int64_t queue = 0;
  population::JobExtent extent;
  Measured measured;
  Spent spent;
  const v1::Configuration* configuration = nullptr;  // one of them; null: compare
  int rung = 0;
  std::map<int64_t, Line> lines;  // by memory needed
};

// Lines with jobs that can be leased, of one sweep, kind and need; the greatest cost first.
struct Shelf {
  using Place = std::pair<double, int64_t>;  // cost, negative; Shape::queue
  Demand* demand = nullptr;
  const Need* need = nullptr;
  std::map<Place, Line*> measured;   // by seconds
  std::map<Place, Line*> estimated;  // by operations
  bool empty() const { return measured.empty() && estimated.empty(); }
};
using Shelves = std::array<std::map<int64_t, Shelf>, kJobKinds>;  // by memory needed

struct Share {
  int priority = 0;
  double weight = 1;
  double served = 0;  // seconds of a worker over the weight
  bool open = false;  // running, rather than paused or ended
  int64_t lines = 0;  // with jobs that can be leased
};

class Queues {
 public:
  void Add(Line& line, uint64_t order);
  void Remove(Line& line, uint64_t order);
  // While it is aside, Next passes the line over.
  void SetAside(Line& line);
  void PutBack(Line& line);
  void Open(SweepEntry& sweep);
  void Close(SweepEntry& sweep);
  // Of a closed sweep, or one without lines.
  void SetShare(SweepEntry& sweep, int priority, double weight);

  // The sweep got so much of the farm; negative if it took less than it was charged for.
  void Charge(SweepEntry& sweep, double seconds);
  // A job of the shape ended and would have taken so long from its beginning.
  void Measure(Shape& shape, absl::Duration whole);
  // Seconds of one job.
  static double CostOf(const Shape& shape);

  static bool HasFor(const Demands& demands, const Ability& ability);
  // Whether something waits that such a worker could do and no active one can.
  static bool LacksWorkersFor(const Demands& demands, const Ability& ability);
  // The line from which a worker is to be served; null if there is none.
  static Line* Next(const Demands& demands, const Ability& ability);

 private:
  void Shelve(Line& line);
  void Unshelve(Line& line);
  void Join(SweepEntry& sweep);
  void Leave(SweepEntry& sweep);

  // Open sweeps with lines, by priority; what the least served one had been served when there last
  // was one.
  std::map<int, std::set<Turn>> waiting_;
  std::map<int, double> least_served_;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_QUEUES_H_
