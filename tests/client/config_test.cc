#include "client/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "base/array_file.h"
#include "tests/client/called.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A home of its own, with a configuration.
class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "config-XXXXXX";
    home_ = mkdtemp(pattern.data());
    setenv("XDG_CONFIG_HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"XDG_CONFIG_HOME", "RNNFARM_COORDINATOR", "RNNFARM_TIMEOUT",
                             "RNNFARM_TLS", "RNNFARM_INSECURE"}) {
      unsetenv(name);
    }
    fs::remove_all(home_);
  }
  void Configure(const std::string& text) {
    fs::create_directories(home_ + "/rnnfarm");
    ASSERT_TRUE(base::WriteFile(Path(), text).ok());
  }
  std::string Path() const { return home_ + "/rnnfarm/config.textproto"; }

  std::string home_;
};

TEST_F(ConfigTest, IsLookedForWhereTheHomeSays) {
  EXPECT_EQ(ConfigPath(), Path());
  setenv("XDG_CONFIG_HOME", "relative", 1);
  setenv("HOME", "/home/ada", 1);
  EXPECT_EQ(ConfigPath(), "/home/ada/.config/rnnfarm/config.textproto");
  EXPECT_TRUE(ReadConfigFile(ConfigPath()).errors.empty());
}

TEST_F(ConfigTest, ArgumentsGoBeforeTheEnvironmentBeforeTheFile) {
  Configure("coordinator: \"127.0.0.1:11\"\ntimeout_seconds: 2\n");
  EXPECT_THAT(Call({"sweep", "list"}).err, HasSubstr("127.0.0.1:11 "));
  setenv("RNNFARM_COORDINATOR", "127.0.0.1:12", 1);
  EXPECT_THAT(Call({"sweep", "list"}).err, HasSubstr("127.0.0.1:12 "));
  EXPECT_THAT(Call({"sweep", "list", "--coordinator", "127.0.0.1:13"}).err,
              HasSubstr("127.0.0.1:13 "));
}

TEST_F(ConfigTest, WhatTheEnvironmentHasWrongIsNamed) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"RNNFARM_TLS", "bla", "RNNFARM_TLS: \"bla\" is neither true nor false; set it to"},
      {"RNNFARM_INSECURE", "si", "RNNFARM_INSECURE: \"si\" is neither true nor false"},
      {"RNNFARM_TIMEOUT", "soon", "RNNFARM_TIMEOUT: \"soon\" is no number from 0.001 to 1e+06"},
      {"RNNFARM_TIMEOUT", "-1", "RNNFARM_TIMEOUT: \"-1\" is no number from 0.001"}};
  for (const auto& [variable, value, says] : cases) {
    setenv(variable, value, 1);
    const Result result = Call({"sweep", "list", "--coordinator", "127.0.0.1:1"});
    EXPECT_EQ(result.code, kUsage) << says;
    EXPECT_THAT(result.err, AllOf(HasSubstr(says), Not(HasSubstr("convert"))));
    unsetenv(variable);
  }
  // What is wrong with the arguments is said of the arguments.
  setenv("RNNFARM_TIMEOUT", "soon", 1);
  EXPECT_THAT(Call({"sweep", "list", "--timeout", "x"}).err, HasSubstr("--timeout: \"x\" is no"));
  setenv("RNNFARM_TIMEOUT", "", 1);
  setenv("RNNFARM_TLS", "off", 1);
  EXPECT_EQ(Call({"sweep", "list", "--coordinator", "127.0.0.1:1"}).code, kUnreachable);
}

TEST_F(ConfigTest, SaysWhatAValueOfAnotherTypeShouldHaveBeen) {
  const ConfigFile file =
      ParseConfig("tls: maybe\ntimeout_seconds: \"ten\"\ncoordinator: 7\n", "/c");
  EXPECT_EQ(Describe(file),
            "/c:1:1: tls: \"maybe\" is neither true nor false\n"
            "/c:2:18: timeout_seconds: \"ten\" is no number\n"
            "/c:3:14: coordinator: 7 is no text; a text stands in double quotes\n");
}

TEST_F(ConfigTest, MistakesAreNamedWithTheirPlace) {
  Configure("coordinater: \"a:1\"\ntls: maybe\n\n  timeout_seconds: -1\n");
  const Result result = Call({"sweep", "list"});
  EXPECT_EQ(result.code, kUsage);
  EXPECT_THAT(result.err, AllOf(HasSubstr(Path() + ":1:1: unknown field \"coordinater\" in "
                                                   "ClientConfig: did you mean coordinator?"),
                                HasSubstr(Path() + ":2:1: tls: "),
                                HasSubstr(Path() + ":4:3: timeout_seconds: -1 is not between"),
                                HasSubstr("3 errors in the configuration")));
  // What asks no coordinator does not care.
  EXPECT_EQ(Call({"version"}).code, kOk);
  EXPECT_EQ(Call({"__complete", "watch", ""}).err, "");
}

TEST_F(ConfigTest, FilesAreThoseBesideIt) {
  const ConfigFile file = ParseConfig(
      "tls_ca: \"ca.pem\" tls_key: \"/etc/key\" token_file: \"~/token\"", "/lab/rnnfarm/c");
  setenv("HOME", "/home/ada", 1);
  EXPECT_TRUE(file.errors.empty()) << Describe(file);
  EXPECT_EQ(file.config.tls_ca(), "/lab/rnnfarm/ca.pem");
  EXPECT_EQ(file.config.tls_key(), "/etc/key");
  EXPECT_THAT(file.config.token_file(), Not(HasSubstr("~")));
  Configure("token_file: \"token\"\n");
  EXPECT_THAT(Call({"sweep", "list", "--coordinator", "127.0.0.1:1"}).err,
              HasSubstr(home_ + "/rnnfarm/token"));
}

}  // namespace
}  // namespace rnnfarm::client
