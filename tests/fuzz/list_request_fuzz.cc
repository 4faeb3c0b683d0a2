// What a client may write into a list's filter, order_by and page_token, one line each.
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_split.h"
#include "base/utf8.h"
#include "coordinator/service/paging.h"
#include "coordinator/service/resource_fields.h"
#include "coordinator/service/resource_filter.h"
#include "coordinator/service/resource_name.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

constexpr char kBinding[] = "sweeps/small|filter|order";
// A whole status must fit into the trailers of a call, whose default limit is 8 KiB.
constexpr size_t kLongestRefusal = 4096;

void CheckRefusal(const absl::Status& status, bool text) {
  Require(absl::IsInvalidArgument(status), "a bad list request is INVALID_ARGUMENT");
  Require(status.message().size() <= kLongestRefusal, "a refusal is short");
  Require(!text || base::IsUtf8(status.message()), "a refusal is text");
}

const std::vector<v1::Network>& Networks() {
  static const auto& networks = *[] {
    auto* all = new std::vector<v1::Network>(4);
    for (size_t i = 0; i < all->size(); ++i) {
      v1::Network& network = (*all)[i];
      network.set_key("k" + std::to_string(3 - i));
      network.set_seed(static_cast<int64_t>(i));
      network.set_state(static_cast<v1::NetworkState>(i));
      (*network.mutable_axes())["alpha"] = 0.5;
    }
    (*all)[1].mutable_training()->set_validation_loss(0.1);
    // A worker may report it.
    (*all)[2].mutable_training()->set_validation_loss(std::numeric_limits<double>::quiet_NaN());
    (*all)[3].mutable_training()->set_validation_loss(-1);
    return all;
  }();
  return networks;
}

void CheckFilter(const std::string& text, const std::vector<service::Field>& fields, bool utf8) {
  const auto filter = service::ResourceFilter::Parse(text, fields);
  if (!filter.ok()) return CheckRefusal(filter.status(), utf8);
  for (const v1::Network& network : Networks()) {
    filter->Matches(
        [&](absl::string_view field) { return service::ReadNetworkField(network, field); });
  }
}

void CheckOrder(const std::string& text, const std::vector<service::Field>& fields, bool utf8) {
  const auto order = service::ResourceOrder::Parse(text, fields);
  if (!order.ok()) return CheckRefusal(order.status(), utf8);
  std::vector<size_t> sorted = order->Sorted(Networks().size(), [](size_t i) {
    return [i](absl::string_view field) { return service::ReadNetworkField(Networks()[i], field); };
  });
  const bool by_loss = text.find("loss") != std::string::npos;
  Require(!by_loss || text.find("train") != std::string::npos || sorted[0] % 2 == 1,
          "a number comes before none");
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) Require(sorted[i] == i, "an order loses nothing");
}

void CheckPage(const std::string& token) {
  const auto page = service::ParsePage(static_cast<int32_t>(token.size()) - 2, token, kBinding);
  if (!page.ok()) return CheckRefusal(page.status(), true);
  Require(page->first >= 0 && page->size > 0 && page->size <= service::kMaxPageSize,
          "a page has a place");
  constexpr int64_t kTotal = 100;
  const int64_t end = page->end(kTotal);
  Require(end <= kTotal && (page->first >= kTotal || end > page->first), "a page lies in its list");
  const std::string next = page->NextToken(kTotal);
  if (next.empty()) return;
  const auto following = service::ParsePage(0, next, kBinding);
  Require(following.ok() && following->first == end, "the next page begins where this one ends");
}

}  // namespace

std::vector<std::string> Seeds() {
  const std::string second = service::ParsePage(7, "", kBinding)->NextToken(100);
  return {"state = failed and loss > 0.01\nloss desc\n" + second,
          "architecture=\"gru\" AND units<=64\nname\n",
          "loss >= nan and alpha != 1e-400\nalpha asc\nMTA6", "key = \"ä\"\nstate\n" + second + "=",
          "unitz = 3\n\n"};
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  const absl::string_view text = fuzz::AsView(data, size);
  std::vector<std::string> lines = absl::StrSplit(text, absl::MaxSplits('\n', 2));
  lines.resize(3);
  const std::vector<service::Field> fields = service::NetworkFields({"alpha"});
  const bool utf8 = base::IsUtf8(text);
  fuzz::CheckFilter(lines[0], fields, utf8);
  fuzz::CheckOrder(lines[1], fields, utf8);
  fuzz::CheckPage(lines[2]);
  const absl::Status name = service::CheckName("name", lines[2], "sweeps/{sweep}/jobs/{job}");
  if (!name.ok()) fuzz::CheckRefusal(name, utf8);
  return 0;
}
