#include "client/sweep_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/ready_sweeps.h"
#include "client/submit.h"

namespace rnnfarm::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kGood[] = R"(name: "good"
task { name: "a" flip_flop { bits: 2 steps: 20 } }
grid { architecture: ["gru"] activation: ["tanh"] units: [8] l2: [1e-5] }
seeds { count: 1 }
)";

std::vector<std::string> Lines(const SweepFile& file) {
  std::vector<std::string> lines;
  std::string text = file.Describe();
  for (size_t end; (end = text.find('\n')) != std::string::npos; text = text.substr(end + 1)) {
    lines.push_back(text.substr(0, end));
  }
  return lines;
}

TEST(SweepFile, TakesAGoodFile) {
  const SweepFile file = ParseSweep(kGood, "good.textproto");
  EXPECT_THAT(file.errors, IsEmpty());
  EXPECT_EQ(file.spec.grid().units(0), 8);
}

TEST(SweepFile, NamesEveryErrorAtOnceWithItsPlace) {
  const SweepFile file = ParseSweep(R"(name: "bad"
task { name: "a" flip_flop { bits: 3 } }
task { name: "a" flip_flop { bits: 3 } }
grid {
  architecture: ["vanilla", "grue"]
  activation: ["tanh"]
  unitz: [64]
  l2: [1e-5,
       1e-4, -1e-3]
}
seeds { first: 0 count: 0 }
search { learning_rate { min: 1 max: 0.1 log: true } }
training { iterations: "many" batch_size: 64 batch_size: 32 }
)",
                                    "bad.textproto");
  EXPECT_THAT(
      Lines(file),
      ElementsAre(
          StartsWith("bad.textproto:3:8: task[1].name: "),
          StartsWith("bad.textproto:5:29: grid.architecture[1]: unknown architecture \"grue\""),
          "bad.textproto:7:3: unknown field \"unitz\" in Grid: did you mean units?",
          StartsWith("bad.textproto:9:14: grid.l2[2]: "),
          StartsWith("bad.textproto:11:18: seeds.count: "),
          StartsWith("bad.textproto:12:10: search.learning_rate: "),
          StartsWith("bad.textproto:13:24: iterations: "),
          "bad.textproto:13:46: field \"batch_size\" is set twice: keep one of the two"));
}

TEST(SweepFile, NamesAnEmptyGrid) {
  const SweepFile file =
      ParseSweep("name: \"e\"\ntask { name: \"a\" flip_flop {} }\ngrid {}\nseeds { count: 1 }\n",
                 "e.textproto");
  EXPECT_THAT(Lines(file), ElementsAre(StartsWith("e.textproto:3:1: grid.architecture: "),
                                       StartsWith("e.textproto:3:1: grid.activation: "),
                                       StartsWith("e.textproto:3:1: grid.units: "),
                                       StartsWith("e.textproto:3:1: grid.l2: ")));
}

TEST(SweepFile, NamesThePopulationAboveTheLimit) {
  const SweepFile file = ParseSweep(kGood, "big.textproto", {"seeds.count=2000000"});
  ASSERT_EQ(file.errors.size(), 1);
  EXPECT_THAT(file.errors[0].message, HasSubstr("2000000"));
  EXPECT_THAT(file.errors[0].message, HasSubstr("--max-networks"));
}

TEST(SweepFile, StopsWhereTheTextIsBroken) {
  const SweepFile file = ParseSweep("name: \"x\"\ntask {\n", "cut.textproto");
  EXPECT_THAT(Lines(file), ElementsAre(StartsWith("cut.textproto:3:1: ")));
}

TEST(SweepFile, RefusesNestingThatNoSweepHas) {
  std::string messages, lists = "x: ";
  for (int i = 0; i < 100'000; ++i) messages += "a {", lists += "[";
  EXPECT_THAT(Lines(ParseSweep(messages, "deep.textproto")),
              ElementsAre(StartsWith("deep.textproto:1:99: more than 32 messages or lists")));
  EXPECT_THAT(Lines(ParseSweep(lists, "deep.textproto")),
              ElementsAre(StartsWith("deep.textproto:1:36: more than 32 messages or lists")));
}

TEST(SweepFile, ReadsJsonInBothSpellingsWithPlaces) {
  const std::string good = R"({"name": "good", "task": [{"name": "a", "flipFlop": {"bits": 2}}],
    "grid": {"architecture": ["gru"], "activation": ["tanh"], "units": [8], "l2": [1e-5]},
    "seeds": {"count": 1}, "training": {"batch_size": 8}})";
  const SweepFile file = ParseSweep(good, "good.json");
  EXPECT_THAT(Lines(file), IsEmpty());
  EXPECT_EQ(file.spec.training().batch_size(), 8);

  EXPECT_THAT(Lines(ParseSweep(R"({"name": "bad", "task": [{"name": "a", "flipFlop": {}}],
 "grid": {"architecture": ["gru"], "activation": ["tanh"], "unitz": [64],
          "l2": [1e-5, -1]},
 "seeds": {"count": 0}})",
                               "bad.json")),
              ElementsAre("bad.json:2:60: unknown field \"unitz\" in Grid: did you mean units?",
                          StartsWith("bad.json:3:24: grid.l2[1]: "),
                          StartsWith("bad.json:4:12: seeds.count: ")));
  EXPECT_THAT(Lines(ParseSweep("{\"name\": ", "cut.json")),
              ElementsAre(StartsWith("cut.json:1:10: ")));
}

TEST(SweepFile, SetsFields) {
  const SweepFile file = ParseSweep(
      kGood, "s.textproto",
      {"grid.units=[16, 32]", "task[0].flip_flop.bits=3", "training.iterations=5", "name=other"});
  EXPECT_THAT(Lines(file), IsEmpty());
  EXPECT_THAT(file.spec.grid().units(), ElementsAre(16, 32));
  EXPECT_EQ(file.spec.task(0).flip_flop().bits(), 3);
  EXPECT_EQ(file.spec.training().iterations(), 5);
  EXPECT_EQ(file.spec.name(), "other");
  for (const char* wrong : {"seeds.cnt=1", "seeds.count=x", "task[1].name=x", "grid=1", "seeds"}) {
    EXPECT_FALSE(ParseSweep(kGood, "s.textproto", {wrong}).errors.empty()) << wrong;
  }
}

TEST(SweepFile, SaysThatAFileIsMissing) {
  EXPECT_THAT(Lines(ReadSweepFile("/nowhere/x.textproto")),
              ElementsAre(StartsWith("/nowhere/x.textproto:1:1: cannot be opened")));
}

TEST(SweepFile, AttachesTheFilesThatItNamesOnce) {
  std::string text = kGood;
  text += "task { name: \"b\" dataset { path: \"missing.npz\" } }\n";
  const SweepFile file = ParseSweep(text, "/nowhere/s.textproto");
  ASSERT_EQ(file.errors.size(), 1) << file.Describe();
  EXPECT_EQ(file.errors[0].at.line, 5);
  EXPECT_THAT(file.errors[0].message, HasSubstr("/nowhere/missing.npz"));
}

TEST(ReadySweeps, AreAllValid) {
  EXPECT_EQ(ReadySweeps().size(), 4);
  for (const ReadySweep& sweep : ReadySweeps()) {
    EXPECT_EQ(ParseSweep(sweep.text, std::string(sweep.name)).Describe(), "") << sweep.name;
  }
}

TEST(ReadySweeps, PaperIsThePapersPopulation) {
  const ReadySweep* paper = FindReadySweep("paper");
  ASSERT_NE(paper, nullptr);
  EXPECT_THAT(DescribePopulation(ParseSweep(paper->text, "paper").spec),
              StartsWith("universality-2019: 8280 networks of 276 configurations"));
}

}  // namespace
}  // namespace rnnfarm::client
