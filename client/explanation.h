// Where a network comes from: its configuration, how its hyperparameters were found, the jobs that
// made it with their attempts, workers, builds and logs, and the files that came of it.
#ifndef RNNFARM_CLIENT_EXPLANATION_H_
#define RNNFARM_CLIENT_EXPLANATION_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/farm.h"
#include "client/job_story.h"

namespace rnnfarm::client {

struct Explanation {
  v1::Network network;
  v1::Configuration configuration;
  // Of the configuration's search, every draw: without logs.
  std::vector<v1::Job> search;
  // What this network rests on: the jobs of the draw that was chosen, its training, its analysis.
  std::vector<JobStory> jobs;

  // "draw 5 of 32, validation loss 0.012 at rung 3", "known beforehand", …
  std::string HyperparametersFrom() const;
  // Tables fit `width` columns.
  void Show(std::ostream& out, size_t width = std::string::npos) const;
  // network, configuration, hyperparameters_from, search (jobs), jobs (with events), files (role,
  // digest, path).
  std::string Json(bool one_line) const;
};

// `network`: sweeps/{sweep}/networks/{network}. NOT_FOUND names the nearest.
absl::StatusOr<Explanation> Explain(const Farm& farm, const std::string& network);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_EXPLANATION_H_
