// A network as a row: the same values in `networks list` and in the results' networks.csv.
#ifndef RNNFARM_CLIENT_NETWORK_ROWS_H_
#define RNNFARM_CLIENT_NETWORK_ROWS_H_

#include <string>
#include <vector>

#include "client/table.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::client {

// "8/12/6/1": fixed points with 0, 1, 2, … unstable directions; conditions separated by ";".
std::string FixedPointsText(const v1::FixedPointSummary& summary);

// "replaced 2 times by `retry --reseed`: …", of a network that was trained with another seed.
std::string SeedText(const v1::Network& network);

// networks.csv: key, task, architecture, activation, units, l2, seed, reseeds (how often
// it was trained with another seed after it diverged or failed), untrained, imported, state,
// iterations, train_loss, validation_loss, diverged_at (iteration) and last_finite_loss of a
// network that diverged, learning_rate, lr_decay, momentum, clip_norm, fixed_points, index_sum,
// certified, verdict, starts, converged, rejected (by reason), estimated_unseen (Chao1), largest_q,
// included, excluded_reason, then the sweep's further axes by name. From fixed_points to largest_q
// one value a condition, separated by ";". Empty where there is no value.
Table NetworksTable(const std::vector<v1::Network>& networks);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_NETWORK_ROWS_H_
