// A draw of a hyperparameter search as a row: the same values in `sweep draws` and in the results'
// search.csv.
#ifndef RNNFARM_CLIENT_SEARCH_ROWS_H_
#define RNNFARM_CLIENT_SEARCH_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/farm.h"
#include "client/listing.h"
#include "client/table.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::client {

// search.csv: configuration, draw, task, architecture, activation, units, l2, rung (the
// last one it ended), iterations, validation_loss, diverged, chosen, learning_rate, lr_decay,
// momentum, clip_norm, zero_output_mse, curve (path in the results), reason (why none was chosen),
// then the sweep's further axes by name. Empty where there is no value, such as the loss of a draw
// that diverged.
Table SearchTable(const std::vector<v1::Configuration>& configurations);

// Rows of a SearchTable, filtered, sorted and paged by their columns, of which `loss` is another
// name of validation_loss. INVALID_ARGUMENT in words of the options.
struct SelectedDraws {
  Table table;
  Shown shown;
};
absl::StatusOr<SelectedDraws> SelectDraws(const Table& all, const ListingArguments& arguments);

// All configurations of "sweeps/NAME" that are or were searched, in order.
absl::StatusOr<std::vector<v1::Configuration>> SearchedConfigurations(const Farm& farm,
                                                                      const std::string& sweep);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_SEARCH_ROWS_H_
