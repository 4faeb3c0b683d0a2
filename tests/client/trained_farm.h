// A sweep that was really trained by the command, and a coordinator that serves what it left: the
// one suite FarmTest, in several files, so that it is trained once.
#ifndef RNNFARM_TESTS_CLIENT_TRAINED_FARM_H_
#define RNNFARM_TESTS_CLIENT_TRAINED_FARM_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/array_file.h"
#include "coordinator/service/server.h"
#include "tests/client/called.h"
#include "worker/runtime/worker.h"

namespace rnnfarm::client {

inline constexpr char kTinySweep[] = R"(name: "tiny"
task { name: "flipflop" flip_flop { bits: 2 steps: 20 } }
grid { architecture: ["vanilla"] activation: ["tanh"] units: [8] l2: [1e-5] }
seeds { count: 3 }
hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 60 batch_size: 8 validation_trials: 16 log_every: 20 }
analysis { metric { svcca {} } fixed_points { starts: 32 rounds: 1 } }
)";

// `rnnfarm run` once for all tests; then a coordinator that serves what it left.
class FarmTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    worker::UseOneThreadPerNetwork();
    std::string pattern = ::testing::TempDir() + "client-farm-XXXXXX";
    folder_ = new std::string(mkdtemp(pattern.data()));
    ASSERT_TRUE(base::WriteFile(At("tiny.textproto"), kTinySweep).ok());
    first_run_ = new Result(Call(
        {"run", At("tiny.textproto"), "--out", At("run"), "--threads", "2", "--interval", "0.2"}));
    service::CoordinatorServer::Options options;
    options.listen = "127.0.0.1:0";
    options.store.path = At("run/.farm");
    auto server = service::CoordinatorServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() {
    delete server_;
    std::filesystem::remove_all(*folder_);
  }

  static std::string At(const std::string& path) { return *folder_ + "/" + path; }
  static Result OnFarm(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--coordinator", server_->address()});
    return Call(arguments);
  }
  static std::string Read(const std::string& path) { return *base::ReadFile(At(path)); }

  inline static std::string* folder_ = nullptr;
  inline static Result* first_run_ = nullptr;
  inline static service::CoordinatorServer* server_ = nullptr;
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_TESTS_CLIENT_TRAINED_FARM_H_
