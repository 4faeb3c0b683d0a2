// What the listings of jobs and networks have in common: which rows, in which order, how many.
#ifndef RNNFARM_CLIENT_LISTING_H_
#define RNNFARM_CLIENT_LISTING_H_

#include <string>
#include <vector>

#include "client/command.h"

namespace rnnfarm::client {

struct ListingArguments {
  std::string sweep;
  std::string state;  // of the rows shown; empty: all
  std::string where;  // such as "units>=128 and architecture=gru"
  std::string sort;   // a field, "-" before it for descending
  int64_t limit = 50;
  std::string format = "table";

  // The API's filter and order.
  std::string Filter() const;
  std::string OrderBy() const;
};

// `states`: the values of --state.
void AddListingOptions(CLI::App& command, ListingArguments& arguments,
                       const std::vector<std::string>& states);

// "50 of 312 shown; see more with --limit" on err, if some are not shown.
void SayHowMany(Program& program, int64_t shown, int64_t total);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_LISTING_H_
