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

}  // namespace
}  // namespace rnnfarm::client
