#include "client/table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rnnfarm::client {
namespace {

Table Example() {
  Table table({{"name"}, {"units"}, {"loss"}, {"state", false, true}, {"reason", true}});
  table.AddRow({"gru, \"big\"", int64_t{64}, 0.1, "failed", "line one\nline two"});
  table.AddRow({"lstm", int64_t{8}, Missing(), "trained", Missing()});
  return table;
}

TEST(Table, AlignsNumbersToTheRight) {
  EXPECT_EQ(Example().Render(Format::kTable),
            "NAME        UNITS  LOSS  STATE\n"
            "gru, \"big\"     64   0.1  failed\n"
            "lstm            8     -  trained\n");
}

TEST(Table, ColoursStatesOnlyWhenAsked) {
  EXPECT_EQ(Example().Render(Format::kTable).find('\033'), std::string::npos);
  EXPECT_NE(Example().Render(Format::kTable, /*colour=*/true).find("\033[31mfailed"),
            std::string::npos);
  EXPECT_EQ(Example().Render(Format::kCsv, /*colour=*/true).find('\033'), std::string::npos);
}

TEST(Table, WritesCsv) {
  EXPECT_EQ(Example().Render(Format::kCsv),
            "name,units,loss,state,reason\n"
            "\"gru, \"\"big\"\"\",64,0.1,failed,\"line one\nline two\"\n"
            "lstm,8,,trained,\n");
}

TEST(Table, WritesJson) {
  EXPECT_EQ(Example().Render(Format::kJsonLines),
            "{\"name\": \"gru, \\\"big\\\"\", \"units\": 64, \"loss\": 0.1, \"state\": \"failed\", "
            "\"reason\": \"line one\\nline two\"}\n"
            "{\"name\": \"lstm\", \"units\": 8, \"loss\": null, \"state\": \"trained\", "
            "\"reason\": null}\n");
  EXPECT_EQ(Table({{"name"}}).Render(Format::kJson), "[]\n");
  EXPECT_EQ(JsonOf(std::nan("")), "null");
  EXPECT_EQ(JsonOf(0.1 + 0.2), "0.30000000000000004");
}

TEST(Table, WritesNames) { EXPECT_EQ(Example().Render(Format::kName), "gru, \"big\"\nlstm\n"); }

TEST(Format, ListsTheFormats) {
  EXPECT_TRUE(ParseFormat("jsonl").ok());
  const auto unknown = ParseFormat("xml");
  EXPECT_NE(std::string(unknown.status().message()).find("jsonl"), std::string::npos);
}

}  // namespace
}  // namespace rnnfarm::client
