#include "coordinator/service/paging.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"

namespace rnnfarm::service {

std::string Page::NextToken(int64_t total) const {
  if (end(total) >= total) return "";
  return absl::WebSafeBase64Escape(absl::StrCat(end(total), ":", binding));
}

absl::StatusOr<Page> ParsePage(int32_t page_size, absl::string_view page_token,
                               absl::string_view binding) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(absl::StrCat("page_size: ", page_size,
                                                   " is negative; give 1 to ", kMaxPageSize,
                                                   ", or 0 for ", kDefaultPageSize));
  }
  Page page;
  page.size = page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
  page.binding = base::DigestOf(binding).substr(0, 16);
  if (page_token.empty()) return page;
  std::string text;
  const bool readable = absl::WebSafeBase64Unescape(page_token, &text);
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (!readable || parts.size() != 2 || !absl::SimpleAtoi(parts[0], &page.first) ||
      page.first < 0 || parts[1] != page.binding) {
    return absl::InvalidArgumentError(
        "page_token: not one that this list gave with the same parent, filter and order_by; leave "
        "it empty to start anew");
  }
  return page;
}

}  // namespace rnnfarm::service
