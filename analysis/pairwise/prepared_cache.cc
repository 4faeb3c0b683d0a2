#include "analysis/pairwise/prepared_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"

namespace rnnfarm::analysis {
namespace {

base::Archive Encode(const Prepared& prepared) {
  base::Archive archive;
  archive.Add("factors", base::Array::Of<float>({prepared.factors.rows(), prepared.factors.cols()},
                                                {prepared.factors.data(),
                                                 static_cast<size_t>(prepared.factors.size())}));
  // Columns of `rest` one after the other are the rows of its transpose.
  archive.Add("rest", base::Array::Of<double>(
                          {prepared.rest.cols(), prepared.rest.rows()},
                          {prepared.rest.data(), static_cast<size_t>(prepared.rest.size())}));
  archive.Add("extent", base::Array::Of<int64_t>({}, {prepared.extent}));
  return archive;
}

std::optional<Prepared> Decode(const base::Archive& archive) {
  const auto factors = archive.Find("factors", {-1, -1}), rest = archive.Find("rest", {-1, -1});
  const auto extent = archive.Find("extent");
  if (!factors.ok() || !rest.ok() || !extent.ok()) return std::nullopt;
  const auto floats = (*factors)->As<float>();
  const auto doubles = (*rest)->As<double>();
  const auto integers = (*extent)->As<int64_t>();
  if (!floats.ok() || !doubles.ok() || !integers.ok()) return std::nullopt;
  Prepared prepared;
  prepared.factors = Eigen::Map<const Prepared::Factors>(floats->data(), (*factors)->shape[0],
                                                         (*factors)->shape[1]);
  prepared.rest = Eigen::Map<const Matrix>(doubles->data(), (*rest)->shape[1], (*rest)->shape[0]);
  prepared.extent = integers->front();
  return prepared;
}

}  // namespace

PreparedCache::PreparedCache(const PairwiseInput& input, int64_t memory_bytes,
                             const Scratch* scratch)
    : input_(input), memory_bytes_(memory_bytes), scratch_(scratch) {
  for (size_t i = 0; i < input.files.size(); ++i) entries_.push_back(std::make_unique<Entry>());
}

Member PreparedCache::member(int network) const {
  std::lock_guard lock(mutex_);
  return entries_[network]->member;
}

int64_t PreparedCache::bytes(int network) const {
  std::lock_guard lock(mutex_);
  return entries_[network]->bytes;
}

int64_t PreparedCache::columns(int network) const {
  std::lock_guard lock(mutex_);
  return entries_[network]->columns;
}

int64_t PreparedCache::held_bytes() const {
  std::lock_guard lock(mutex_);
  return held_bytes_;
}

std::string PreparedCache::KeyOf(int network) const {
  return absl::StrCat("prepared-",
                      base::DigestOf(absl::StrCat(kArithmeticVersion, "\n", input_.identity, "\n",
                                                  input_.files[network].digest)));
}

std::shared_ptr<const Prepared> PreparedCache::Held(Entry& entry) {
  std::lock_guard lock(mutex_);
  entry.last_use = ++uses_;
  return entry.prepared;
}

absl::StatusOr<std::shared_ptr<const Prepared>> PreparedCache::Get(int network) {
  Entry& entry = *entries_[network];
  if (auto held = Held(entry)) return held;
  std::lock_guard lock(entry.preparing);
  if (auto held = Held(entry)) return held;
  if (!member(network).reason.empty()) return nullptr;
  return Make(network, entry);
}

absl::StatusOr<std::shared_ptr<const Prepared>> PreparedCache::Make(int network, Entry& entry) {
  const PairwiseFile& file = input_.files[network];
  if (file.digest.empty()) return Learn(entry, {0, file.reason}, nullptr, false);
  if (const auto archive = scratch_ == nullptr ? std::nullopt : scratch_->Find(KeyOf(network))) {
    if (auto prepared = Decode(*archive)) {
      const int64_t extent = prepared->extent;
      return Learn(entry, {extent, ""}, std::make_shared<const Prepared>(*std::move(prepared)),
                   true);
    }
  }
  absl::StatusOr<std::string> bytes;
  {
    std::lock_guard lock(reading_);
    bytes = input_.read(network);
  }
  if (!bytes.ok()) return bytes.status();
  auto prepared = input_.metric->Prepare(*bytes, file.source);
  if (!prepared.ok()) {
    // A line in a tile's list of reasons.
    const std::string reason = absl::StrReplaceAll(prepared.status().message(), {{"\n", " "}});
    return Learn(entry, {0, reason}, nullptr, false);
  }
  const int64_t extent = prepared->extent;
  return Learn(entry, {extent, ""}, std::make_shared<const Prepared>(*std::move(prepared)), false);
}

std::shared_ptr<const Prepared> PreparedCache::Learn(Entry& entry, Member member,
                                                     std::shared_ptr<const Prepared> prepared,
                                                     bool kept) {
  std::vector<Leaving> leaving;
  {
    std::lock_guard lock(mutex_);
    entry.kept = entry.kept || kept;
    entry.member = std::move(member);
    if (prepared == nullptr) return nullptr;
    entry.bytes = prepared->bytes();
    entry.columns = prepared->factors.cols();
    entry.prepared = prepared;
    held_bytes_ += entry.bytes;
    if (held_bytes_ > memory_bytes_) leaving = ChooseLeaving();
  }
  for (Leaving& one : leaving) PutAside(one);
  return prepared;
}

// Those that nobody uses, the longest unused first, until three quarters of the limit are left:
// looking for them goes over all, so it should not be for each.
std::vector<PreparedCache::Leaving> PreparedCache::ChooseLeaving() {
  std::vector<std::pair<uint64_t, int>> unused;
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    // One that another thread puts aside just now is used by it.
    const Entry& entry = *entries_[i];
    if (entry.prepared.use_count() == 1) unused.emplace_back(entry.last_use, i);
  }
  std::sort(unused.begin(), unused.end());
  std::vector<Leaving> leaving;
  int64_t left = held_bytes_;
  for (const auto& [last_use, i] : unused) {
    if (left <= memory_bytes_ / 4 * 3) break;
    leaving.push_back({i, entries_[i]->prepared, entries_[i]->kept});
    left -= entries_[i]->bytes;
  }
  return leaving;
}

// The file is written without the lock: the others go on meanwhile.
void PreparedCache::PutAside(Leaving& one) {
  if (scratch_ != nullptr && !one.kept) {
    one.kept = scratch_->Keep(KeyOf(one.network), Encode(*one.prepared)).ok();
  }
  std::lock_guard lock(mutex_);
  Entry& entry = *entries_[one.network];
  entry.kept = one.kept;
  // Held by the entry and here; whoever began to use it meanwhile keeps it in memory.
  if (entry.prepared.use_count() > 2) return;
  held_bytes_ -= entry.bytes;
  entry.prepared.reset();
  one.prepared.reset();
}

}  // namespace rnnfarm::analysis
