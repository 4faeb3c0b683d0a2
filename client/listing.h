// What the listings of jobs and networks have in common: which rows, in which order, how many.
#ifndef RNNFARM_CLIENT_LISTING_H_
#define RNNFARM_CLIENT_LISTING_H_

#include <string>
#include <vector>

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

// All but the sweep. `states`: the values of --state.
void AddListingOptions(CLI::App& command, ListingArguments& arguments,
                       const std::vector<std::string>& states);

// What a listing shows of how many, and where the next one begins.
struct Shown {
  int64_t rows = 0;
  int64_t total = 0;
  std::string next_page_token;  // empty: there is no more
};

// "50 of 312 shown; …" with how to see the others on err, if some are not shown.
void SayHowMany(Program& program, const Shown& shown);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_LISTING_H_
