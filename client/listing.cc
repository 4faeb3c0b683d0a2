#include "client/listing.h"

#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/usage.h"

namespace rnnfarm::client {

std::string ListingArguments::Filter() const {
  const std::string by_state = state.empty() ? "" : absl::StrCat("state=", state);
  if (by_state.empty() || where.empty()) return by_state + where;
  return absl::StrCat(by_state, " and ", where);
}

std::string ListingArguments::OrderBy() const {
  if (sort.empty() || sort[0] != '-') return sort;
  return absl::StrCat(sort.substr(1), " desc");
}

void AddListingOptions(CLI::App& command, ListingArguments& arguments, const ListingWords& words) {
  if (!words.states.empty()) {
    command.add_option("--state", arguments.state, "Only those in this state")
        ->check(OneOf(words.states))
        ->type_name("STATE");
  }
  command.add_option("--where", arguments.where,
                     absl::StrCat("Comparisons joined by \"and\", such as '", words.where, "'"));
  command.add_option("--sort", arguments.sort,
                     "By this field, missing values last; -FIELD reversed");
  command.add_option("--limit", arguments.limit, "Rows at most; 0 for all")
      ->check(Between(0, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  command
      .add_option("--page-token", arguments.page_token,
                  "Begin where an earlier listing ended, as that one said")
      ->type_name("TOKEN");
  AddFormatOption(command, arguments.format);
}

absl::Status InOptionWords(const absl::Status& status) {
  constexpr std::pair<absl::string_view, absl::string_view> kOptions[] = {
      {"filter: ", "--where: "}, {"order_by: ", "--sort: "}, {"page_token: ", "--page-token: "}};
  for (const auto& [field, option] : kOptions) {
    if (!absl::StartsWith(status.message(), field)) continue;
    return absl::Status(status.code(),
                        absl::StrCat(option, absl::StripPrefix(status.message(), field)));
  }
  return status;
}

void SayHowMany(Program& program, const Shown& shown) {
  if (shown.rows >= shown.total) return;
  program.Say(absl::StrCat(shown.rows, " of ", shown.total, " shown; ",
                           shown.next_page_token.empty()
                               ? "these are the last"
                               : absl::StrCat("the next with --page-token ", shown.next_page_token),
                           ", all with --limit 0"));
}

}  // namespace rnnfarm::client
