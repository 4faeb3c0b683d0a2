// What listings have in common: which rows, in which order, how many.
#ifndef RNNFARM_CLIENT_LISTING_H_
#define RNNFARM_CLIENT_LISTING_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/command.h"

namespace rnnfarm::client {

struct ListingArguments {
  std::string sweep;  // empty: all
  std::string state;  // of the rows shown; empty: all
  std::string where;  // such as "units>=128 and architecture=gru"
  std::string sort;   // a field, "-" before it for descending
  int64_t limit = 50;
  std::string page_token;  // where an earlier listing ended
  std::string format = "table";

  // The API's filter and order.
  std::string Filter() const;
  std::string OrderBy() const;
};

// How the options' helps speak of a listing.
struct ListingWords {
  std::vector<std::string> states;  // values of --state; empty: there is no such option
  std::string where;                // an example of a filter
};

// All but the sweep.
void AddListingOptions(CLI::App& command, ListingArguments& arguments, const ListingWords& words);

// What a listing shows of how many, and where the next one begins.
struct Shown {
  int64_t rows = 0;
  int64_t total = 0;
  std::string next_page_token;  // empty: there is no more
};

// "50 of 312 shown; …" with how to see the others on err, if some are not shown.
void SayHowMany(Program& program, const Shown& shown);

// An error of the API about a list, in words of the options that asked for it.
absl::Status InOptionWords(const absl::Status& status);

// Reads the pages of a list as the arguments say; `take` gets each.
template <typename Request, typename Response>
absl::StatusOr<Shown> ReadListing(
    const Farm& farm, const ListingArguments& arguments,
    grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    Request request, const std::function<void(const Response&)>& take) {
  request.set_filter(arguments.Filter());
  request.set_order_by(arguments.OrderBy());
  request.set_page_token(arguments.page_token);
  Shown shown;
  const absl::Status listed = farm.ForEachPage<Request, Response>(
      method, request, arguments.limit, [&](const Response& page) {
        shown.rows += Farm::Elements(page);
        shown.total = page.total_size();
        shown.next_page_token = page.next_page_token();
        take(page);
      });
  if (!listed.ok()) return InOptionWords(listed);
  return shown;
}

// The same, printed: page by page where the format allows it. `add` adds a page's rows to `table`.
template <typename Request, typename Response>
int PrintListing(Program& program, const ListingArguments& arguments,
                 grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                 const Request& request, Table& table,
                 const std::function<void(const Response&)>& add) {
  const absl::StatusOr<Format> format = ParseFormat(arguments.format);
  if (!format.ok()) return program.Fail(format.status());
  const absl::StatusOr<Shown> shown = ReadListing<Request, Response>(
      program.Connect(), arguments, method, request, [&](const Response& page) {
        add(page);
        if (Table::Streams(*format)) program.terminal.out << table.RenderMore(*format);
      });
  if (!shown.ok()) return program.Fail(shown.status());
  int printed = kOk;
  if (Table::Streams(*format)) {
    program.terminal.out << table.RenderEnd(*format) << std::flush;
  } else {
    printed = Print(program, table, arguments.format);
  }
  SayHowMany(program, *shown);
  return printed;
}

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_LISTING_H_
