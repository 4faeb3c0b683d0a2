#include "client/search_rows.h"

#include <set>

#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

Value OrMissing(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::vector<Value> Row(const v1::Configuration& configuration, const v1::SearchTrial& trial) {
  const v1::Hyperparameters& drawn = trial.hyperparameters();
  const bool has_loss = trial.ended() && !trial.diverged();
  const bool chosen =
      configuration.has_chosen_draw() && configuration.chosen_draw() == trial.draw();
  return {
      configuration.key(),
      int64_t{trial.draw()},
      configuration.task(),
      configuration.architecture(),
      configuration.activation(),
      int64_t{configuration.units()},
      configuration.l2(),
      trial.ended() ? Value(int64_t{trial.rung()}) : Value(),
      trial.ended() ? Value(trial.iterations()) : Value(),
      has_loss ? Value(trial.validation_loss()) : Value(),
      trial.ended() ? Value(trial.diverged()) : Value(),
      chosen,
      drawn.learning_rate(),
      drawn.lr_decay(),
      drawn.momentum(),
      drawn.clip_norm(),
      configuration.has_zero_output_mse() ? Value(configuration.zero_output_mse()) : Value(),
      trial.curve().empty() ? Value() : Value(population::CurvePath(configuration, trial.draw())),
      OrMissing(configuration.failure_reason())};
}

}  // namespace

Table SearchTable(const std::vector<v1::Configuration>& configurations) {
  std::set<std::string> axes;
  for (const v1::Configuration& configuration : configurations) {
    for (const auto& [axis, value] : configuration.axes()) axes.insert(axis);
  }
  std::vector<Column> columns = {{"configuration"},
                                 {"draw"},
                                 {"task", true},
                                 {"architecture", true},
                                 {"activation", true},
                                 {"units", true},
                                 {"l2", true},
                                 {"rung"},
                                 {"iterations"},
                                 {"validation_loss"},
                                 {"diverged"},
                                 {"chosen"},
                                 {"learning_rate"},
                                 {"lr_decay"},
                                 {"momentum"},
                                 {"clip_norm"},
                                 {"zero_output_mse", true},
                                 {"curve", true},
                                 {"reason", true}};
  for (const std::string& axis : axes) columns.push_back({axis, true});
  Table table(columns);
  for (const v1::Configuration& configuration : configurations) {
    for (const v1::SearchTrial& trial : configuration.trials()) {
      std::vector<Value> row = Row(configuration, trial);
      for (const std::string& axis : axes) {
        const auto found = configuration.axes().find(axis);
        row.push_back(found == configuration.axes().end() ? Value() : Value(found->second));
      }
      table.AddRow(std::move(row));
    }
  }
  return table;
}

absl::StatusOr<std::vector<v1::Configuration>> SearchedConfigurations(const Farm& farm,
                                                                      const std::string& sweep) {
  std::vector<v1::Configuration> searched;
  v1::ListConfigurationsRequest request;
  request.set_parent(sweep);
  request.set_filter("draws>0");
  const absl::Status listed =
      farm.ForEachPage<v1::ListConfigurationsRequest, v1::ListConfigurationsResponse>(
          &v1::FarmService::Stub::ListConfigurations, request, 0,
          [&searched](const v1::ListConfigurationsResponse& page) {
            searched.insert(searched.end(), page.configurations().begin(),
                            page.configurations().end());
          });
  if (!listed.ok()) return listed;
  return searched;
}

}  // namespace rnnfarm::client
