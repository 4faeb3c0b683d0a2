#include "worker/runtime/memory.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace rnnfarm::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr char kUnits[] = "kmgt";  // by powers of 1024
constexpr int kGibi = 3;           // power of a number without a unit
constexpr double kMost = 1e18;     // bytes; fits an int64_t

}  // namespace

absl::StatusOr<int64_t> ParseMemory(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text));
  if (lower.empty()) return 0;
  const size_t end = lower.find_last_of("0123456789.") + 1;
  double number = 0;
  const bool is_number = absl::SimpleAtod(lower.substr(0, end), &number);
  std::string unit(absl::StripAsciiWhitespace(lower.substr(end)));
  int power = kGibi;
  bool known = true;
  if (unit == "b") {
    power = 0;
  } else if (!unit.empty()) {
    const size_t at = std::string(kUnits).find(unit[0]);
    const std::string rest = unit.substr(1);
    known = at != std::string::npos && (rest.empty() || rest == "b" || rest == "ib");
    power = static_cast<int>(at) + 1;
  }
  const double bytes = known ? number * std::pow(1024.0, power) : 0;
  if (!is_number || !known || !(bytes >= 0) || bytes > kMost) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text,
        "\" is no amount of memory; write for example 4GiB, 512MiB, or 0 for no limit"));
  }
  return static_cast<int64_t>(bytes);
}

std::string MemoryText(int64_t bytes) {
  double value = static_cast<double>(bytes);
  constexpr const char* kNames[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  return unit == 0 ? absl::StrCat(bytes, " B") : absl::StrFormat("%.1f %s", value, kNames[unit]);
}

std::unique_ptr<MemoryBudget::Share> MemoryBudget::Take(int64_t bytes,
                                                        const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  if (limit_ > 0) bytes = std::min(bytes, limit_);
  const uint64_t ticket = next_ticket_++;
  waiting_.insert(ticket);
  bool wanted = true;
  while (wanted && limit_ > 0 && (*waiting_.begin() != ticket || bytes > limit_ - taken_)) {
    returned_.wait_for(lock, kPoll);
    lock.unlock();
    wanted = go_on();
    lock.lock();
  }
  waiting_.erase(ticket);
  returned_.notify_all();  // the next one may fit too
  if (!wanted) return nullptr;
  taken_ += bytes;
  return std::make_unique<Share>(*this, bytes);
}

void MemoryBudget::Return(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
  returned_.notify_all();
}

}  // namespace rnnfarm::worker
