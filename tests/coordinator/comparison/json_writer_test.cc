#include "coordinator/comparison/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rnnfarm::comparison {
namespace {

TEST(JsonWriterTest, NestsAndIndents) {
  JsonWriter json;
  json.BeginObject().Key("a").Integer(1).Key("b").BeginArray().Number(0.5).Boolean(true);
  json.BeginObject().EndObject().EndArray().Key("c").BeginArray().EndArray().EndObject();
  EXPECT_EQ(json.Finish(), R"({
  "a": 1,
  "b": [
    0.5,
    true,
    {}
  ],
  "c": []
}
)");
}

TEST(JsonWriterTest, EscapesWhatMustBe) {
  JsonWriter json;
  json.BeginObject().Key("q\"").String("a\\b\n\t\x01\x1f ½").EndObject();
  EXPECT_EQ(json.Finish(), "{\n  \"q\\\"\": \"a\\\\b\\n\\t\\u0001\\u001f ½\"\n}\n");
}

TEST(JsonWriterTest, WhatIsNoNumberIsNull) {
  JsonWriter json;
  json.BeginArray().Number(NAN).Number(INFINITY).Number(std::optional<double>());
  EXPECT_EQ(json.EndArray().Finish(), "[\n  null,\n  null,\n  null\n]\n");
}

TEST(ShortestTextTest, IsShortAndReadsBack) {
  EXPECT_EQ(ShortestText(0.1), "0.1");
  EXPECT_EQ(ShortestText(0.1f), "0.1");
  EXPECT_EQ(ShortestText(1e-5), "1e-05");
  EXPECT_EQ(ShortestText(-3.0), "-3");
  EXPECT_EQ(std::stod(ShortestText(1.0 / 3)), 1.0 / 3);
}

}  // namespace
}  // namespace rnnfarm::comparison
