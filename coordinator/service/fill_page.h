// What the lists' responses have in common: fields `next_page_token` and `total_size`.
#ifndef RNNFARM_COORDINATOR_SERVICE_FILL_PAGE_H_
#define RNNFARM_COORDINATOR_SERVICE_FILL_PAGE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "coordinator/service/paging.h"
#include "coordinator/service/selections.h"

namespace rnnfarm::service {

// A page of records ends once it has so many bytes: a configuration of 10,000 draws has 2 MiB.
inline constexpr size_t kPageBytes = 4 << 20;

// Fills what every list response has; `add` appends entry i.
template <typename Response, typename Add>
void FillPage(const Page& page, int64_t total, Response* response, const Add& add) {
  for (int64_t i = page.first; i < page.end(total); ++i) add(i);
  response->set_next_page_token(page.NextToken(total));
  response->set_total_size(total);
}

// The same of `total` records, whose page ends early rather than outgrow a message. `find` gives
// record i, or null where it is gone.
template <typename Response, typename Find, typename Add>
void FillRecords(Page page, int64_t total, Response* response, const Find& find, const Add& add) {
  size_t bytes = 0;
  int64_t fit = 0;
  for (int64_t i = page.first; i < page.end(total) && bytes < kPageBytes; ++i, ++fit) {
    const auto* record = find(i);
    if (record == nullptr) continue;
    bytes += record->ByteSizeLong();
    add(*record);
  }
  page.size = fit;
  response->set_next_page_token(page.NextToken(total));
  response->set_total_size(total);
}

// A page of what `select` finds. What was filtered or sorted is kept for the pages that follow.
template <typename Response, typename Select, typename Find, typename Add>
absl::Status FillSelected(Selections& selections, const Page& page, bool keep, Response* response,
                          const Select& select, const Find& find, const Add& add) {
  const absl::Time now = absl::Now();
  const Selections::Names kept = page.first > 0 ? selections.Find(page.binding, now) : nullptr;
  if (kept != nullptr) {
    FillRecords(
        page, static_cast<int64_t>(kept->size()), response,
        [&](int64_t i) { return find((*kept)[i]); }, add);
    return absl::OkStatus();
  }
  const auto selected = select();
  if (!selected.ok()) return selected.status();
  const int64_t total = static_cast<int64_t>(selected->size());
  FillRecords(
      page, total, response, [&](int64_t i) { return (*selected)[i]; }, add);
  if (!keep || page.end(total) == total) return absl::OkStatus();
  std::vector<std::string> names;
  names.reserve(selected->size());
  for (const auto* record : *selected) names.push_back(record->name());
  selections.Keep(page.binding, std::move(names), now);
  return absl::OkStatus();
}

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_FILL_PAGE_H_
