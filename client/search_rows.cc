#include "client/search_rows.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "coordinator/service/paging.h"
#include "coordinator/service/resource_filter.h"

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

// What a comparison may be with; the sweep's further axes are numbers.
service::Field FieldOf(const std::string& column) {
  if (column == "configuration" || column == "task" || column == "curve" || column == "reason") {
    return {column};
  }
  if (column == "architecture") return {column, false, population::ImportArchitectureNames()};
  if (column == "activation") return {column, false, population::ActivationNames()};
  if (column == "diverged" || column == "chosen") return {column, false, {"true", "false"}};
  return {column, /*numeric=*/true};
}

struct AsFieldValue {
  service::FieldValue operator()(Missing) const { return {}; }
  service::FieldValue operator()(const std::string& text) const { return text; }
  service::FieldValue operator()(int64_t number) const { return static_cast<double>(number); }
  service::FieldValue operator()(double number) const { return number; }
  service::FieldValue operator()(bool truth) const { return std::string(truth ? "true" : "false"); }
};

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

absl::StatusOr<SelectedDraws> SelectDraws(const Table& all, const ListingArguments& arguments) {
  std::vector<service::Field> fields;
  std::map<std::string, size_t, std::less<>> at;
  for (size_t column = 0; column < all.columns().size(); ++column) {
    fields.push_back(FieldOf(all.columns()[column].name));
    at[fields.back().name] = column;
  }
  fields.push_back({"loss", /*numeric=*/true});  // as everywhere else
  at["loss"] = at.at("validation_loss");
  const auto filter = service::ResourceFilter::Parse(arguments.Filter(), fields);
  if (!filter.ok()) return InOptionWords(filter.status());
  const auto order = service::ResourceOrder::Parse(arguments.OrderBy(), fields);
  if (!order.ok()) return InOptionWords(order.status());
  const auto page = service::ParsePage(
      0, arguments.page_token,
      absl::StrCat("draws|", arguments.sweep, "|", arguments.Filter(), "|", arguments.OrderBy()));
  if (!page.ok()) return InOptionWords(page.status());
  const auto reader = [&at](const std::vector<Value>& row) {
    return [&at, &row](absl::string_view field) {
      return std::visit(AsFieldValue(), row[at.find(field)->second]);
    };
  };
  std::vector<const std::vector<Value>*> matching;
  for (const std::vector<Value>& row : all.rows()) {
    if (filter->Matches(reader(row))) matching.push_back(&row);
  }
  const std::vector<size_t> sorted =
      order->Sorted(matching.size(), [&](size_t i) { return reader(*matching[i]); });
  SelectedDraws selected{Table(all.columns()), {}};
  selected.shown.total = static_cast<int64_t>(sorted.size());
  service::Page shown = *page;
  shown.size =
      arguments.limit > 0 ? std::min(arguments.limit, selected.shown.total) : selected.shown.total;
  shown.first = std::min(shown.first, selected.shown.total);
  for (int64_t i = shown.first; i < shown.end(selected.shown.total); ++i) {
    selected.table.AddRow(*matching[sorted[i]]);
  }
  selected.shown.rows = static_cast<int64_t>(selected.table.size());
  selected.shown.next_page_token = shown.NextToken(selected.shown.total);
  return selected;
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
