// What the commands' connection does by itself, against a coordinator of a few lines.
#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/farm.h"

namespace rnnfarm::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSweeps = 9, kMostOfAPage = 2;

// Its pages end before they are full, as those of large entries do.
class ShortPages : public v1::FarmService::Service {
 public:
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest* request,
                          v1::ListSweepsResponse* response) override {
    int next = 0;
    if (!request->page_token().empty()) {
      EXPECT_TRUE(absl::SimpleAtoi(request->page_token(), &next));
    }
    const int rows = std::min({kMostOfAPage, request->page_size(), kSweeps - next});
    for (int i = 0; i < rows; ++i)
      response->add_sweeps()->set_name(absl::StrCat("sweeps/", next++));
    if (next < kSweeps) response->set_next_page_token(absl::StrCat(next));
    return grpc::Status::OK;
  }
};

std::vector<std::string> Listed(const Farm& farm, int64_t limit) {
  std::vector<std::string> names;
  const absl::Status listed = farm.ForEachPage<v1::ListSweepsRequest, v1::ListSweepsResponse>(
      &v1::FarmService::Stub::ListSweeps, {}, limit, [&names](const v1::ListSweepsResponse& page) {
        for (const v1::Sweep& sweep : page.sweeps()) names.push_back(sweep.name());
      });
  EXPECT_TRUE(listed.ok()) << listed;
  return names;
}

TEST(ForEachPage, ALimitCountsRowsHoweverShortThePagesAre) {
  ShortPages service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const Farm farm(absl::StrCat("127.0.0.1:", port), absl::Seconds(20));
  EXPECT_EQ(Listed(farm, 5).size(), 5);
  EXPECT_EQ(Listed(farm, 2).size(), 2);
  EXPECT_EQ(Listed(farm, 100).size(), kSweeps);
  EXPECT_EQ(Listed(farm, 0).size(), kSweeps);
  EXPECT_EQ(Listed(farm, 5).back(), "sweeps/4");
}

TEST(ExplainTransfer, SaysWhoWasLostInAPersonsWords) {
  const Farm farm("127.0.0.1:7070", absl::Seconds(1));
  const absl::Status lost = farm.ExplainTransfer(absl::UnavailableError(
      "uploading artifact 12ab: no progress for 30s: failed to connect to all addresses; last "
      "error: UNKNOWN: ipv4:127.0.0.1:7070: Failed to connect to remote host: Connection refused"));
  EXPECT_TRUE(absl::IsUnavailable(lost));
  const std::string text(lost.message());
  EXPECT_THAT(text,
              HasSubstr("with the coordinator at 127.0.0.1:7070 was given up (nothing listens"));
  EXPECT_THAT(text, Not(HasSubstr("ipv4:")));
  const absl::Status broken = absl::DataLossError("x.npy does not match its digest");
  EXPECT_EQ(farm.ExplainTransfer(broken), broken);
}

}  // namespace
}  // namespace rnnfarm::client
