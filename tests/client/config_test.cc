#include "client/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

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
    for (const char* name : {"XDG_CONFIG_HOME", "RNNFARM_COORDINATOR", "RNNFARM_TIMEOUT"}) {
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
