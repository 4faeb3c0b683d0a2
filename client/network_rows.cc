#include "client/network_rows.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/shown_values.h"
#include "client/farm.h"

namespace rnnfarm::client {
namespace {

template <typename Each>
std::string OverConditions(const v1::FixedPointSummary& summary, const Each& each) {
  return absl::StrJoin(summary.conditions(), ";",
                       [&each](std::string* out, const v1::ConditionSummary& condition) {
                         absl::StrAppend(out, each(condition));
                       });
}

void AddTraining(const v1::Network& network, std::vector<Value>& row) {
  if (network.has_training()) {
    const v1::TrainingSummary& training = network.training();
    const bool diverged = network.state() == v1::NETWORK_STATE_DIVERGED;
    row.insert(row.end(),
               {training.iterations(), training.train_loss(), training.validation_loss(),
                diverged ? Value(training.diverged_at()) : Value(),
                diverged && training.has_last_finite_loss() ? Value(training.last_finite_loss())
                                                            : Value()});
  } else {
    row.resize(row.size() + 5);
  }
  if (network.has_hyperparameters() && !network.untrained() && !network.imported()) {
    const v1::Hyperparameters& chosen = network.hyperparameters();
    row.insert(row.end(),
               {chosen.learning_rate(), chosen.lr_decay(), chosen.momentum(), chosen.clip_norm()});
  } else {
    row.resize(row.size() + 4);
  }
}

void AddFixedPoints(const v1::Network& network, std::vector<Value>& row) {
  constexpr int kColumns = 9;
  if (!network.has_fixed_points()) {
    row.resize(row.size() + kColumns);
    return;
  }
  const v1::FixedPointSummary& summary = network.fixed_points();
  const auto add = [&](const auto& of) { row.push_back(OverConditions(summary, of)); };
  row.push_back(FixedPointsText(summary));
  add([](const v1::ConditionSummary& c) { return absl::StrCat(c.index_sum()); });
  add([](const v1::ConditionSummary& c) { return std::string(c.certified() ? "true" : "false"); });
  add([](const v1::ConditionSummary& c) { return Word(c.verdict()); });
  add([](const v1::ConditionSummary& c) { return absl::StrCat(c.starts()); });
  add([](const v1::ConditionSummary& c) { return absl::StrCat(c.converged()); });
  add(base::RejectedText);
  add([](const v1::ConditionSummary& c) { return absl::StrCat(c.estimated_unseen()); });
  add([](const v1::ConditionSummary& c) { return absl::StrCat(c.largest_q()); });
}

}  // namespace

std::string FixedPointsText(const v1::FixedPointSummary& summary) {
  return OverConditions(summary, base::PointsByIndex);
}

std::string SeedText(const v1::Network& network) {
  return absl::StrCat("replaced ", network.reseeds(), network.reseeds() == 1 ? " time" : " times",
                      " by `retry --reseed`: its random streams are those of ",
                      network.configuration(), "-s", network.seed(), "-reseed", network.reseeds());
}

Table NetworksTable(const std::vector<v1::Network>& networks) {
  std::set<std::string> axes;
  for (const v1::Network& network : networks) {
    for (const auto& [axis, value] : network.axes()) axes.insert(axis);
  }
  std::vector<Column> columns = {{"key"},
                                 {"task", true},
                                 {"architecture", true},
                                 {"activation", true},
                                 {"units", true},
                                 {"l2", true},
                                 {"seed", true},
                                 {"reseeds", true},
                                 {"untrained", true},
                                 {"imported", true},
                                 {"state", false, true},
                                 {.name = "iterations", .gives_way = true},
                                 {.name = "train_loss", .gives_way = true},
                                 {"validation_loss"},
                                 {"diverged_at", true},
                                 {"last_finite_loss", true},
                                 {"learning_rate", true},
                                 {"lr_decay", true},
                                 {"momentum", true},
                                 {"clip_norm", true},
                                 {"fixed_points"},
                                 {.name = "index_sum", .gives_way = true},
                                 {"certified", true},
                                 {"verdict", true},
                                 {"starts", true},
                                 {"converged", true},
                                 {"rejected", true},
                                 {"estimated_unseen", true},
                                 {"largest_q", true},
                                 {.name = "included", .gives_way = true},
                                 {"excluded_reason"}};
  for (const std::string& axis : axes) columns.push_back({axis, true});
  Table table(columns);
  for (const v1::Network& network : networks) {
    std::vector<Value> row = {network.key(),
                              network.task(),
                              network.architecture(),
                              network.activation(),
                              int64_t{network.units()},
                              network.l2(),
                              network.seed(),
                              int64_t{network.reseeds()},
                              network.untrained(),
                              network.imported(),
                              Word(network.state())};
    AddTraining(network, row);
    AddFixedPoints(network, row);
    row.push_back(network.included());
    row.push_back(network.excluded_reason().empty() ? Value() : Value(network.excluded_reason()));
    for (const std::string& axis : axes) {
      const auto found = network.axes().find(axis);
      row.push_back(found == network.axes().end() ? Value() : Value(found->second));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

}  // namespace rnnfarm::client
