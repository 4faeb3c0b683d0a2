#include "tests/coordinator/simulator/simulation.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/deterministic_bytes.h"
#include "base/digest.h"
#include "tests/coordinator/simulator/judge.h"
#include "tests/coordinator/simulator/person.h"
#include "tests/coordinator/simulator/worker.h"

namespace rnnfarm::simulator {
namespace {

constexpr int kWorkers = 20;
constexpr absl::Duration kStorm = absl::Minutes(8);
// A calm farm of this size is done in minutes; a stuck job would never be.
constexpr absl::Duration kLongestCalm = absl::Hours(3);
constexpr absl::Duration kBetweenTidying = absl::Seconds(20);

class Simulation {
 public:
  explicit Simulation(const History& history)
      : world_(history.seed, history.has_faults),
        coordinator_(world_, judge_, history.planted, history.seed),
        person_(world_, coordinator_, judge_, history.seed) {
    for (int i = 0; i < kWorkers; ++i) AddWorker(history.seed, i);
    AddWorker(history.seed, Worker::kComparer);
    coordinator_.OnStart([this] { workers_.back()->Restart(absl::ZeroDuration()); });
  }

  Outcome Run() {
    RunFor(kStorm);
    world_.EndFaults();
    const absl::Time latest = world_.now() + kLongestCalm;
    while (!person_.Tidy() && judge_.complaints().empty()) {
      if (world_.now() > latest) judge_.Complain("hours after the last fault not all has ended");
      RunFor(kBetweenTidying);
    }
    // What was still on its way changes nothing.
    RunFor(World::kLongestLate);
    if (judge_.complaints().empty()) {
      coordinator_.CheckMemory();
      judge_.CheckPromises(coordinator_.records());
      judge_.CheckEnd(coordinator_.records());
    }
    Outcome outcome;
    outcome.complaints = judge_.complaints();
    outcome.faults = world_.faults();
    outcome.events = coordinator_.events();
    outcome.records = coordinator_.TakeRecords();
    return outcome;
  }

 private:
  void AddWorker(uint64_t seed, int index) {
    workers_.push_back(std::make_unique<Worker>(world_, coordinator_, judge_, seed, index));
  }

  void RunFor(absl::Duration duration) {
    const absl::Time until = world_.now() + duration;
    while (world_.now() < until && judge_.complaints().empty()) world_.Step();
  }

  Judge judge_;
  World world_;
  Coordinator coordinator_;
  Person person_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

template <typename Map>
void AddTo(base::Digest& digest, const Map& records) {
  for (const auto& [name, record] : records) digest.Update(base::DeterministicBytes(record));
}

}  // namespace

std::string DigestOf(const Records& records) {
  base::Digest digest;
  AddTo(digest, records.sweeps);
  AddTo(digest, records.configurations);
  AddTo(digest, records.networks);
  AddTo(digest, records.jobs);
  AddTo(digest, records.deleted_sweeps);
  for (const auto& [job, events] : records.events) {
    for (const v1::JobEvent& event : events) digest.Update(base::DeterministicBytes(event));
  }
  return digest.Finish();
}

Outcome Simulate(const History& history) { return Simulation(history).Run(); }

const Records& Calm() {
  static const Records& calm = *new Records(Simulate({.seed = 1, .has_faults = false}).records);
  return calm;
}

}  // namespace rnnfarm::simulator
