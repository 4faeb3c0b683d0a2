#include "client/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "client/farm.h"
#include "tests/client/called.h"

namespace rnnfarm::client {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// Candidates for the last word, without their descriptions.
std::vector<std::string> Candidates(std::vector<std::string> words) {
  words.insert(words.begin(), kCompleteCommand);
  const Result result = Call(words);
  EXPECT_EQ(result.code, kOk);
  EXPECT_EQ(result.err, "");
  std::vector<std::string> candidates;
  for (const absl::string_view line : absl::StrSplit(result.out, '\n', absl::SkipEmpty())) {
    candidates.emplace_back(line.substr(0, line.find('\t')));
  }
  return candidates;
}

TEST(Completion, NamesCommands) {
  EXPECT_THAT(Candidates({""}), IsSupersetOf({"run", "sweep", "watch", "jobs", "completion"}));
  EXPECT_THAT(Candidates({""}), Not(Contains(kCompleteCommand)));
  EXPECT_THAT(Candidates({"wat"}), ElementsAre("watch"));
  EXPECT_THAT(Candidates({"sweep", "in"}), ElementsAre("init"));
  EXPECT_THAT(Candidates({"--coordinator", "127.0.0.1:1", "sweep", "in"}), ElementsAre("init"));
}

TEST(Completion, NamesOptionsAndTheirValues) {
  EXPECT_THAT(Candidates({"jobs", "list", "--st"}), ElementsAre("--state"));
  EXPECT_THAT(Candidates({"jobs", "list", "--c"}), ElementsAre("--coordinator"));
  EXPECT_THAT(Candidates({"jobs", "list", "-o", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(Candidates({"jobs", "list", "--state=fa"}), ElementsAre("--state=failed"));
  EXPECT_THAT(Candidates({"networks", "list", "s", "--state", "div"}), ElementsAre("diverged"));
  EXPECT_THAT(Candidates({"sweep", "init", "pa"}), ElementsAre("paper"));
  EXPECT_THAT(Candidates({"pull", "s", "d", "--only", "states,em"}),
              ElementsAre("states,embeddings"));
  EXPECT_THAT(Candidates({"compare", "a.npy", "--metric", "sv"}), ElementsAre("svcca"));
  EXPECT_THAT(Candidates({"completion", ""}), UnorderedElementsAre("bash", "zsh", "fish"));
}

TEST(Completion, LeavesFilesToTheShell) {
  EXPECT_THAT(Candidates({"sweep", "submit", ""}), ElementsAre(":file"));
  EXPECT_THAT(Candidates({"compare", "a.npy", "b"}), ElementsAre(":file"));
  EXPECT_THAT(Candidates({"run", "a.textproto", "--out", "res"}), ElementsAre(":dir"));
  EXPECT_THAT(Candidates({"--token-file", ""}), ElementsAre(":file"));
}

TEST(Completion, IsSilentWithoutACoordinator) {
  EXPECT_THAT(Candidates({"--coordinator", "127.0.0.1:1", "watch", ""}), IsEmpty());
  EXPECT_THAT(Candidates({"--coordinator", "127.0.0.1:1", "jobs", "show", ""}), IsEmpty());
  EXPECT_THAT(Candidates({"no", "such", "command", "-x", ""}), Not(Contains("run")));
}

TEST(Completion, HasAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(Call({"completion", shell}).out, HasSubstr(" __complete "));
  }
  EXPECT_EQ(Call({"completion", "tcsh"}).code, kUsage);
}

TEST(ManPage, NamesEveryCommandAndWhereItsConfigurationIs) {
  const std::string page = Call({"__man"}).out;
  EXPECT_THAT(page, AllOf(HasSubstr(".TH RNNFARM 1"), HasSubstr(".SS \"rnnfarm jobs list\""),
                          HasSubstr("rnnfarm/config.textproto"), HasSubstr("\\fBcoordinator\\fR"),
                          HasSubstr(".SH EXIT STATUS")));
}

}  // namespace
}  // namespace rnnfarm::client
