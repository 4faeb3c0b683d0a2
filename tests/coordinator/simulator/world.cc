#include "tests/coordinator/simulator/world.h"

#include <algorithm>

namespace rnnfarm::simulator {
namespace {

constexpr double kLost = 0.05, kRepeated = 0.03, kLate = 0.03;
constexpr absl::Duration kLongestUsual = absl::Milliseconds(30);

}  // namespace

World::World(uint64_t seed, bool has_faults)
    : random_(base::DeriveStream(seed, "simulator", "world")), has_faults_(has_faults) {}

void World::After(absl::Duration delay, std::function<void()> action) {
  actions_.emplace(std::make_pair(now_ + delay, next_action_++), std::move(action));
}

bool World::Step() {
  if (actions_.empty()) return false;
  const auto next = actions_.extract(actions_.begin());
  now_ = next.key().first;
  next.mapped()();
  return true;
}

absl::Duration World::Between(absl::Duration least, absl::Duration most) {
  return absl::Milliseconds(absl::ToInt64Milliseconds(least) +
                            random_.Below(absl::ToInt64Milliseconds(most - least) + 1));
}

void World::Carry(const std::string& what, const std::string& sender,
                  std::function<void()> deliver) {
  const int64_t number = next_message_++;
  if (Chance(kLost)) return Count(what + " lost");
  if (Chance(kRepeated)) {
    Count(what + " repeated");
    DeliverOnce(what, sender, number, deliver);
  }
  DeliverOnce(what, sender, number, std::move(deliver));
}

void World::DeliverOnce(const std::string& what, const std::string& sender, int64_t number,
                        std::function<void()> deliver) {
  absl::Duration delay = Between(absl::Milliseconds(1), kLongestUsual);
  if (Chance(kLate)) {
    Count(what + " late");
    delay = Between(kLongestUsual, kLongestLate);
  }
  After(delay, [this, what, sender, number, deliver = std::move(deliver)] {
    int64_t& newest = newest_arrived_[sender];
    if (number < newest) Count(what + " overtaken");
    newest = std::max(newest, number);
    deliver();
  });
}

}  // namespace rnnfarm::simulator
