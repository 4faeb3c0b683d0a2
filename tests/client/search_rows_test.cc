#include "client/search_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rnnfarm::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Configuration Searched() {
  v1::Configuration configuration;
  configuration.set_key("sine-gru-tanh-64-l2_1e-05");
  configuration.set_task("sine");
  configuration.set_architecture("gru");
  configuration.set_activation("tanh");
  configuration.set_units(64);
  configuration.set_l2(1e-5);
  for (int draw = 0; draw < 3; ++draw) {
    v1::SearchTrial& trial = *configuration.add_trials();
    trial.set_draw(draw);
    trial.mutable_hyperparameters()->set_learning_rate(0.25);
    trial.mutable_hyperparameters()->set_momentum(0.5);
  }
  v1::SearchTrial& ended = *configuration.mutable_trials(0);
  ended.set_ended(true);
  ended.set_rung(1);
  ended.set_iterations(5000);
  ended.set_validation_loss(0.125);
  ended.set_curve("digest");
  configuration.mutable_trials(1)->set_ended(true);
  configuration.mutable_trials(1)->set_diverged(true);
  configuration.set_chosen_draw(0);
  configuration.set_zero_output_mse(0.5);
  return configuration;
}

TEST(SearchTable, HasARowADrawAndNothingWhereNothingIsKnown) {
  const std::string csv = SearchTable({Searched()}).Render(Format::kCsv);
  EXPECT_THAT(csv, StartsWith("configuration,draw,task,architecture,activation,units,l2,rung,"
                              "iterations,validation_loss,diverged,chosen,learning_rate,lr_decay,"
                              "momentum,clip_norm,zero_output_mse,curve,reason\n"));
  const std::string cell = "sine,gru,tanh,64,1e-05,";
  EXPECT_THAT(csv, HasSubstr("-05,0," + cell +
                             "1,5000,0.125,false,true,0.25,0,0.5,0,0.5,"
                             "sine/search/sine-gru-tanh-64-l2_1e-05-d0.npy,\n"));
  EXPECT_THAT(csv, HasSubstr("-05,1," + cell + "0,0,,true,false,0.25,"));
  EXPECT_THAT(csv, HasSubstr("-05,2," + cell + ",,,,false,0.25,"));
}

TEST(SearchTable, SaysWhyNoneWasChosenAndHasTheSweepsOtherAxes) {
  v1::Configuration failed = Searched();
  failed.clear_chosen_draw();
  failed.set_failure_reason("it did not learn");
  (*failed.mutable_axes())["training.batch_size"] = 32;
  const std::string csv = SearchTable({failed}).Render(Format::kCsv);
  EXPECT_THAT(csv, HasSubstr("curve,reason,training.batch_size\n"));
  EXPECT_THAT(csv, HasSubstr(".npy,it did not learn,32\n"));
}

// Draws 0 (loss 0.125), 1 (diverged) and 2 (not ended) of two sizes, and one that lost less.
Table TwoSearches() {
  v1::Configuration larger = Searched();
  larger.set_key("sine-gru-tanh-128-l2_1e-05");
  larger.set_units(128);
  larger.mutable_trials(0)->set_validation_loss(0.0625);
  return SearchTable({Searched(), larger});
}

ListingArguments Asked(const std::string& where = "", const std::string& sort = "",
                       int64_t limit = 0) {
  ListingArguments arguments;
  arguments.where = where;
  arguments.sort = sort;
  arguments.limit = limit;
  return arguments;
}

std::string Listed(const ListingArguments& arguments) {
  const auto selected = SelectDraws(TwoSearches(), arguments);
  EXPECT_TRUE(selected.ok()) << selected.status();
  if (!selected.ok()) return "";
  std::string out;
  for (const std::vector<Value>& row : selected->table.rows()) {
    out += ValueText(row[5]) + "/" + ValueText(row[1]) + " ";  // units/draw
  }
  EXPECT_EQ(selected->shown.rows, static_cast<int64_t>(selected->table.size()));
  return out;
}

TEST(SelectDraws, FiltersAndSortsTheRowsThatAreShown) {
  EXPECT_EQ(Listed(Asked()), "64/0 64/1 64/2 128/0 128/1 128/2 ");
  EXPECT_EQ(Listed(Asked("draw=1")), "64/1 128/1 ");
  EXPECT_EQ(Listed(Asked("diverged=true and units>64")), "128/1 ");
  EXPECT_EQ(Listed(Asked("chosen=false and draw<2")), "64/1 128/1 ");
  EXPECT_EQ(Listed(Asked("loss<0.1 and momentum=0.5")), "128/0 ");
  EXPECT_EQ(Listed(Asked("", "validation_loss")), "128/0 64/0 64/1 64/2 128/1 128/2 ");
  EXPECT_EQ(Listed(Asked("", "-draw")), "64/2 128/2 64/1 128/1 64/0 128/0 ");
}

TEST(SelectDraws, CountsAndPagesDraws) {
  ListingArguments arguments = Asked("draw>0", "-units", 3);
  const auto first = SelectDraws(TwoSearches(), arguments);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->shown.rows, 3);
  EXPECT_EQ(first->shown.total, 4);
  EXPECT_EQ(Listed(arguments), "128/1 128/2 64/1 ");
  arguments.page_token = first->shown.next_page_token;
  EXPECT_EQ(Listed(arguments), "64/2 ");
  EXPECT_EQ(SelectDraws(TwoSearches(), arguments)->shown.next_page_token, "");
  arguments.where = "draw>1";
  EXPECT_THAT(std::string(SelectDraws(TwoSearches(), arguments).status().message()),
              StartsWith("--page-token: not one that this list gave"));
}

TEST(SelectDraws, NamesTheOptionAndTheColumns) {
  const auto said = [](const ListingArguments& arguments) {
    return std::string(SelectDraws(TwoSearches(), arguments).status().message());
  };
  EXPECT_THAT(
      said(Asked("draws>0")),
      StartsWith("--where: no field \"draws\"; did you mean draw? valid are configuration"));
  EXPECT_THAT(said(Asked("diverged=maybe")), HasSubstr("\"diverged\" is never \"maybe\""));
  EXPECT_THAT(said(Asked("", "rungs")),
              StartsWith("--sort: no field \"rungs\"; did you mean rung?"));
}

}  // namespace
}  // namespace rnnfarm::client
