#include "coordinator/service/sync_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rnnfarm::service {
namespace {

using testing::HasSubstr;

v1::SyncRequest Usual() {
  v1::SyncRequest request;
  request.set_worker("workers/node-3.gpu_1");
  request.set_build("rnnfarm 0.1.0");
  request.set_host("node-3");
  request.mutable_capability()->add_engine("cpu");
  request.mutable_capability()->add_device("cpu");
  return request;
}

void ExpectRefused(const v1::SyncRequest& request, const std::string& what) {
  const absl::Status status = CheckSync(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(what));
}

TEST(SyncCheckTest, TakesWhatWorkersSend) { EXPECT_TRUE(CheckSync(Usual()).ok()); }

TEST(SyncCheckTest, AWorkersNameIsAnId) {
  for (const std::string& id : {std::string("a b"), std::string("<b>"), std::string("a\nb"),
                                std::string("\xc3\xa9"), std::string(64, 'a')}) {
    v1::SyncRequest request = Usual();
    request.set_worker("workers/" + id);
    ExpectRefused(request, "worker: a worker's name must be 1 to 63 letters");
  }
  v1::SyncRequest request = Usual();
  request.set_worker("workers/");
  ExpectRefused(request, "worker");
  request.set_worker("workers/coordinator");
  ExpectRefused(request, "the coordinator's own");
}

TEST(SyncCheckTest, TextsAndListsHaveLimits) {
  v1::SyncRequest request = Usual();
  request.set_build(std::string(257, 'b'));
  ExpectRefused(request, "build: 257 bytes; expected 256 or fewer");
  request = Usual();
  request.set_host(std::string(300, 'h'));
  ExpectRefused(request, "host: 300 bytes");
  request = Usual();
  for (int i = 0; i < 64; ++i) request.mutable_capability()->add_device("cuda");
  ExpectRefused(request, "capability.device: 65 entries; expected 64 or fewer");
  request = Usual();
  request.mutable_capability()->add_engine(std::string(65, 'e'));
  ExpectRefused(request, "capability.engine: 65 bytes");
}

}  // namespace
}  // namespace rnnfarm::service
