#include "client/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "absl/strings/str_split.h"
#include "client/text_width.h"
#include "tests/client/called.h"

namespace rnnfarm::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Command, EveryCommandHasHelpWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {{"run"},
                                                          {"watch"},
                                                          {"retry"},
                                                          {"pull"},
                                                          {"report"},
                                                          {"compare"},
                                                          {"fixed-points"},
                                                          {"version"},
                                                          {"sweep", "init"},
                                                          {"sweep", "validate"},
                                                          {"sweep", "submit"},
                                                          {"sweep", "list"},
                                                          {"sweep", "show"},
                                                          {"sweep", "cancel"},
                                                          {"sweep", "pause"},
                                                          {"sweep", "resume"},
                                                          {"sweep", "delete"},
                                                          {"jobs", "list"},
                                                          {"jobs", "show"},
                                                          {"networks", "list"},
                                                          {"networks", "show"},
                                                          {"networks", "explain"},
                                                          {"explain"},
                                                          {"workers", "list"},
                                                          {"workers", "drain"},
                                                          {"store", "check"},
                                                          {"store", "backup"},
                                                          {"store", "restore"},
                                                          {"store"},
                                                          {"sweep"},
                                                          {"jobs"},
                                                          {"networks"},
                                                          {"workers"},
                                                          {}};
  for (std::vector<std::string> words : commands) {
    std::string example = "  rnnfarm";
    for (const std::string& word : words) example += " " + word;
    words.push_back("--help");
    const Result help = Call(words);
    EXPECT_EQ(help.code, kOk) << example;
    EXPECT_THAT(help.out, HasSubstr("Example:\n" + example));
  }
}

TEST(Command, WrongUsageIsTwoWithAHint) {
  const Result nearly = Call({"swep", "list"});
  EXPECT_EQ(nearly.code, kUsage);
  EXPECT_THAT(nearly.err, HasSubstr("did you mean sweep?"));
  EXPECT_THAT(Call({"sweep", "lst"}).err, HasSubstr("did you mean list?"));
  EXPECT_THAT(Call({"jobs", "list", "s", "--stat", "failed"}).err,
              HasSubstr("unknown option \"--stat\": did you mean --state?"));
  EXPECT_THAT(Call({"watch", "s", "--timout=3"}).err, HasSubstr("did you mean --timeout?"));
  EXPECT_THAT(Call({"jobs", "list", "s", "--state", "faild"}).err,
              HasSubstr("did you mean failed?"));
  EXPECT_THAT(Call({"sweep", "init", "papr"}).err, HasSubstr("did you mean paper?"));
  EXPECT_THAT(Call({"sweep", "list", "-o", "jsn"}).err, HasSubstr("did you mean json?"));
  EXPECT_THAT(Call({"pull", "s", "d", "--only", "networks,state"}).err,
              HasSubstr("did you mean states?"));
  EXPECT_THAT(Call({"jobs", "list", "--limit", "-1"}).err,
              HasSubstr("--limit: \"-1\" is no number from 0 on\n"));
  EXPECT_THAT(Call({"version", "--timeout", "abc"}).err,
              HasSubstr("--timeout: \"abc\" is no number from 0.001 to 1e+06"));
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"sweep"},
                                             {"watch"},
                                             {"sweep", "list", "-o", "xml"},
                                             {"pull", "s"},
                                             {"sweep", "init", "none"},
                                             {"version", "--nothing"},
                                             {"jobs", "show", "x"},
                                             {"retry", "s"},
                                             {"compare", "one.npy"},
                                             {"run", "/nowhere.textproto", "--out", "/tmp"}}) {
    const Result result = Call(wrong);
    EXPECT_EQ(result.code, kUsage);
    EXPECT_NE(result.err, "");
    EXPECT_EQ(result.out, "");
  }
}

TEST(Command, UnreachableIsFourInTimeAndNamesTheAddress) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"sweep", "list"},
                                             {"watch", "s"},
                                             {"pull", "s", "/tmp/never-made"},
                                             {"workers", "list"},
                                             {"version", "--server"}}) {
    std::vector<std::string> arguments = words;
    arguments.insert(arguments.end(), {"--coordinator", "127.0.0.1:1", "--timeout", "5"});
    const auto start = std::chrono::steady_clock::now();
    const Result result = Call(arguments);
    EXPECT_EQ(result.code, kUnreachable) << words[0];
    EXPECT_THAT(result.err, HasSubstr("127.0.0.1:1"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  }
}

TEST(Command, WhoeverEncryptsInVainIsNotToldToEncrypt) {
  const std::vector<std::string> list = {"sweep", "list", "--coordinator", "127.0.0.1:1"};
  EXPECT_THAT(Call(list).err, HasSubstr("give --tls-ca FILE"));
  std::vector<std::string> encrypted = list;
  encrypted.push_back("--tls");
  EXPECT_THAT(Call(encrypted).err, HasSubstr("give --tls-certificate and --tls-key"));
}

TEST(Command, AnAddressWithoutAPortIsTwo) {
  for (const char* address : {"", "farm", "farm:", "farm:99999", ":7070"}) {
    const Result result = Call({"sweep", "list", "--coordinator", address});
    EXPECT_EQ(result.code, kUsage) << address;
    EXPECT_THAT(result.err, HasSubstr("is no address of a coordinator"));
  }
}

TEST(Command, HelpFitsATerminal) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"jobs", "list", "--help"},
                                             {"compare", "--help"},
                                             {"run", "--help"},
                                             {"fixed-points", "--help"}}) {
    for (const absl::string_view line : absl::StrSplit(Call(words).out, '\n')) {
      EXPECT_LE(DisplayWidth(line), 80) << line;
    }
  }
  EXPECT_THAT(Call({"fixed-points", "--help"}).out, HasSubstr(" \\\n      --"));
}

TEST(Command, WhatIsPrintedToBeReadFitsATerminal) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"sweep", "init", "paper"},
                                             {"sweep", "init", "laptop"},
                                             {"sweep", "init", "quickstart"},
                                             {"sweep", "init", "custom"},
                                             {"completion", "bash"},
                                             {"completion", "zsh"},
                                             {"completion", "fish"}}) {
    const Result result = Call(command);
    EXPECT_EQ(result.code, kOk) << result.err;
    for (const absl::string_view line : absl::StrSplit(result.out, '\n')) {
      EXPECT_LE(line.size(), 80u) << command.back() << ": " << line;
    }
  }
}

TEST(Command, InvalidFilesAreTwoAndNameThePlace) {
  const std::string path = ::testing::TempDir() + "command-bad.textproto";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("name: \"x\"\nunitz: 3\n", file);
  std::fclose(file);
  for (const char* command : {"validate", "submit"}) {
    const Result result = Call({"sweep", command, path, "--coordinator", "127.0.0.1:1"});
    EXPECT_EQ(result.code, kUsage);
    EXPECT_THAT(result.err, HasSubstr(path + ":2:1: unknown field \"unitz\""));
    EXPECT_THAT(result.err, HasSubstr("nothing was created"));
  }
}

TEST(Command, PrintsReadySweepsAndVersion) {
  EXPECT_THAT(Call({"sweep", "init", "paper"}).out, HasSubstr("name: \"universality-2019\""));
  EXPECT_THAT(Call({"version"}).out, StartsWith("rnnfarm "));
  EXPECT_EQ(Call({"--version"}).out, Call({"version"}).out);
}

}  // namespace
}  // namespace rnnfarm::client
