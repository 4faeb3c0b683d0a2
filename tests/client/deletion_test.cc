// `rnnfarm sweep delete`, against a coordinator that nobody works for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/array_file.h"
#include "client/command.h"
#include "coordinator/service/server.h"
#include "tests/client/called.h"

namespace rnnfarm::client {
namespace {

using ::testing::HasSubstr;

constexpr char kSweep[] = R"(name: "idle"
task { name: "flipflop" flip_flop { bits: 2 steps: 20 } }
grid { architecture: ["vanilla"] activation: ["tanh"] units: [8] l2: [1e-5] }
seeds { count: 3 }
hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
)";

class DeletionTest : public ::testing::Test {
 protected:
  DeletionTest() {
    std::string pattern = ::testing::TempDir() + "client-deletion-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    EXPECT_TRUE(base::WriteFile(folder_ + "/idle.textproto", kSweep).ok());
    service::CoordinatorServer::Options options;
    options.listen = "127.0.0.1:0";
    options.store.path = folder_ + "/store";
    options.store.free_space_floor_bytes = 0;
    auto server = service::CoordinatorServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Submit();
  }
  ~DeletionTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result OnFarm(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--coordinator", server_->address()});
    return Call(arguments);
  }
  // By a person who answers so.
  Result OnTerminal(const std::string& answer) {
    std::istringstream in(answer);
    std::ostringstream out, err;
    Terminal terminal{out, err};
    terminal.err_is_terminal = true;
    terminal.in = &in;
    terminal.in_is_terminal = true;
    const int code = RunProgram({"sweep", "delete", "idle", "--coordinator", server_->address()},
                                terminal, ComputingHere());
    return {code, out.str(), err.str()};
  }
  void Submit() {
    const Result submitted = OnFarm({"sweep", "submit", folder_ + "/idle.textproto"});
    EXPECT_EQ(submitted.code, kOk) << submitted.err;
    EXPECT_THAT(submitted.err, HasSubstr("submitted; follow it"));
  }
  std::string Names() { return OnFarm({"sweep", "list", "-o", "name"}).out; }

  std::string folder_;
  std::unique_ptr<service::CoordinatorServer> server_;
};

TEST_F(DeletionTest, NeedsAnEndAndAYes) {
  const Result unasked = OnFarm({"sweep", "delete", "idle"});
  EXPECT_EQ(unasked.code, kUsage);
  EXPECT_THAT(unasked.err, HasSubstr("say --yes"));
  const Result running = OnFarm({"sweep", "delete", "idle", "--yes"});
  EXPECT_EQ(running.code, kFailed);
  EXPECT_THAT(running.err, HasSubstr("sweep idle is running; only a sweep that has ended"));
  EXPECT_THAT(running.err, HasSubstr("`rnnfarm sweep cancel idle`"));
  EXPECT_EQ(Names(), "idle\n");
  ASSERT_EQ(OnFarm({"sweep", "cancel", "idle"}).code, kOk);
  const Result deleted = OnFarm({"sweep", "delete", "idle", "--yes"});
  EXPECT_EQ(deleted.code, kOk) << deleted.err;
  EXPECT_THAT(deleted.err, HasSubstr("idle is deleted with 3 networks"));
  EXPECT_EQ(Names(), "");
  EXPECT_EQ(OnFarm({"sweep", "delete", "idle", "--yes"}).code, kNotFound);
  EXPECT_EQ(OnFarm({"sweep", "show", "idle"}).code, kNotFound);
  Submit();  // what a cancelled sweep of the name would refuse
  EXPECT_THAT(OnFarm({"sweep", "show", "idle"}).out, HasSubstr("idle running"));
}

TEST_F(DeletionTest, OnATerminalAsksForTheName) {
  ASSERT_EQ(OnFarm({"sweep", "cancel", "idle"}).code, kOk);
  for (const char* answer : {"", "\n", "yes\n", "idle2\n"}) {
    const Result kept = OnTerminal(answer);
    EXPECT_EQ(kept.code, kFailed) << answer;
    EXPECT_THAT(kept.err, HasSubstr("idle is cancelled and has 3 networks."));
    EXPECT_THAT(kept.err, HasSubstr("idle was not deleted"));
    EXPECT_EQ(Names(), "idle\n");
  }
  const Result deleted = OnTerminal("idle\n");
  EXPECT_EQ(deleted.code, kOk) << deleted.err;
  EXPECT_EQ(Names(), "");
  EXPECT_EQ(OnTerminal("idle\n").code, kNotFound) << "asked for what is not there";
}

}  // namespace
}  // namespace rnnfarm::client
