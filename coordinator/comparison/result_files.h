// The files of a task's comparison, as bytes. Numbers in text are the shortest that read back as
// the same number.
#ifndef RNNFARM_COORDINATOR_COMPARISON_RESULT_FILES_H_
#define RNNFARM_COORDINATOR_COMPARISON_RESULT_FILES_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/embedding/mds.h"
#include "coordinator/comparison/baselines.h"
#include "coordinator/comparison/distances.h"
#include "coordinator/comparison/metric_settings.h"
#include "coordinator/comparison/separations.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

struct MetricResult {
  ChosenMetric settings;
  MetricDistances distances;
  // All absent where fewer than 2 networks could be compared.
  std::optional<analysis::Embedding> embedding;
  std::optional<Separations> separations;
  std::optional<Floor> floor;
  std::optional<analysis::Controls> controls;
};

struct MetricAgreement {
  std::string first, second;
  Agreement agreement;
};

struct TaskResult {
  std::string task;
  std::vector<v1::Network> networks;                       // all, in order of the population
  std::vector<std::pair<std::string, std::string>> apart;  // key and reason of those that do not
  analysis::MdsOptions mds;
  std::vector<MetricResult> metrics;
  std::vector<MetricAgreement> agreements;
};

// Result path to bytes, as Compare (comparison.h) returns it.
std::map<std::string, std::string> ResultFiles(const TaskResult& result);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_RESULT_FILES_H_
