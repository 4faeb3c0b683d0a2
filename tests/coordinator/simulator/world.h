// Time, chance and the network of a simulated farm. Everything that happens is an action at a time;
// everything that could have happened otherwise is drawn from one seed, so that the same seed is
// the same history.
//
//   World world(seed, /*has_faults=*/true);
//   world.After(absl::Seconds(5), [&] { worker.Wake(); });
//   world.Carry("request", sender, [&] { coordinator.Receive(request); });  // perhaps
//   while (world.Step()) ...
//
// Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORLD_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/random_stream.h"

namespace rnnfarm::simulator {

using Faults = std::map<std::string, int64_t>;

class World {
 public:
  static constexpr absl::Duration kLongestLate = absl::Seconds(200);

  World(uint64_t seed, bool has_faults);

  // The time of nobody's clock.
  absl::Time now() const { return now_; }
  void After(absl::Duration delay, std::function<void()> action);
  // The next action; false if there is none.
  bool Step();

  // Of a fault; never when faults have ended.
  bool Chance(double probability) { return has_faults_ && random_.Uniform() < probability; }
  bool Toss(double probability) { return random_.Uniform() < probability; }
  uint32_t Below(uint32_t n) { return random_.Below(n); }
  absl::Duration Between(absl::Duration least, absl::Duration most);
  // A fault that really happened.
  void Count(const std::string& fault) { ++faults_[fault]; }
  const Faults& faults() const { return faults_; }
  bool has_faults() const { return has_faults_; }
  void EndFaults() { has_faults_ = false; }

  // A message from `sender`: delivered once, or late, or twice, or never.
  void Carry(const std::string& what, const std::string& sender, std::function<void()> deliver);

 private:
  void DeliverOnce(const std::string& what, const std::string& sender, int64_t number,
                   std::function<void()> deliver);

  base::RandomStream random_;
  bool has_faults_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  uint64_t next_action_ = 0;
  std::map<std::pair<absl::Time, uint64_t>, std::function<void()>> actions_;
  Faults faults_;
  int64_t next_message_ = 0;
  std::map<std::string, int64_t> newest_arrived_;  // message by sender
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORLD_H_
