// Pages of a list. A page token is opaque: where the next page starts, bound to the request it
// belongs to. Lists grow at their end while they are read; a filter on something that changes may
// let an entry appear twice or not at all.
#ifndef RNNFARM_COORDINATOR_SERVICE_PAGING_H_
#define RNNFARM_COORDINATOR_SERVICE_PAGING_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;

struct Page {
  int64_t first = 0;
  int64_t size = kDefaultPageSize;
  std::string binding;

  int64_t end(int64_t total) const {
    return first >= total ? total : std::min(total, first + size);
  }
  // Empty after the last page.
  std::string NextToken(int64_t total) const;
};

// `binding` is everything of the request that must stay the same from page to page.
absl::StatusOr<Page> ParsePage(int32_t page_size, absl::string_view page_token,
                               absl::string_view binding);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_PAGING_H_
