// The server as a whole: where it listens, what it refuses, health and reflection.
#include "coordinator/service/server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "base/channel.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::HasSubstr;

TEST(Server, RefusesToListenBeyondLoopbackUnlessAllowed) {
  for (const char* listen : {"0.0.0.0:0", "[::]:0", "192.0.2.1:7070", "127.evil.org:7070",
                             "127.0.0.1.org:1", "128.0.0.1:7070"}) {
    EXPECT_FALSE(base::IsLoopback(listen)) << listen;
  }
  for (const char* listen :
       {"127.0.0.1:0", "127.1.2.3:7070", "localhost:7070", "[::1]:7070", "unix:/tmp/x"}) {
    EXPECT_TRUE(base::IsLoopback(listen)) << listen;
  }
  ServedFarm farm;
  farm.Shutdown();
  farm.options.listen = "0.0.0.0:0";
  auto refused = CoordinatorServer::Start(farm.options);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << refused.status();
  farm.options.insecure = true;
  EXPECT_TRUE(CoordinatorServer::Start(farm.options).ok());
}

TEST(Server, RefusesAnAddressWithoutPortAndLeasesThatCannotWork) {
  ServedFarm farm;
  farm.Shutdown();
  const CoordinatorServer::Options good = farm.options;
  for (const char* listen : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":0"}) {
    farm.options.listen = listen;
    auto refused = CoordinatorServer::Start(farm.options);
    ASSERT_TRUE(absl::IsInvalidArgument(refused.status())) << listen << refused.status();
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("host:port"));
  }
  farm.options = good;
  for (absl::Duration term : {absl::ZeroDuration(), absl::Milliseconds(999), absl::Hours(25)}) {
    farm.options.scheduler.lease_term = term;
    auto refused = CoordinatorServer::Start(farm.options);
    ASSERT_TRUE(absl::IsInvalidArgument(refused.status())) << term << refused.status();
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("lease_term"));
  }
}

TEST(Server, RefusesAStoreAndAnAddressInUse) {
  ServedFarm farm;
  auto same_store = CoordinatorServer::Start(farm.options);
  EXPECT_TRUE(absl::IsFailedPrecondition(same_store.status())) << same_store.status();
  EXPECT_THAT(std::string(same_store.status().message()), HasSubstr(farm.options.store.path));
  ServedFarm other;
  other.Shutdown();
  other.options.listen = farm.server->address();
  auto same_address = CoordinatorServer::Start(other.options);
  EXPECT_TRUE(absl::IsUnavailable(same_address.status())) << same_address.status();
}

TEST(Server, ServesHealthByService) {
  ServedFarm farm;
  auto stub = grpc::health::v1::Health::NewStub(base::MakeChannel(farm.server->address()));
  for (const char* name : {"", "rnnfarm.v1.FarmService", "rnnfarm.v1.WorkerService"}) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    ASSERT_TRUE(stub->Check(&context, request, &response).ok()) << name;
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  }
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("rnnfarm.v1.NoService");
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(stub->Check(&context, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(Server, EndsAWatchOfItsHealthWhenShuttingDown) {
  ServedFarm farm;
  auto stub = grpc::health::v1::Health::NewStub(base::MakeChannel(farm.server->address()));
  grpc::ClientContext context;
  auto reader = stub->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  farm.Shutdown();
  while (reader->Read(&response)) {
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  }
  EXPECT_FALSE(reader->Finish().ok());
}

// Asks for the list of services with the request spelt by hand, since Debian installs no generated
// code of reflection: ServerReflectionRequest{list_services: "*"} is field 7, of 1 byte.
std::string ListServices(const std::string& address) {
  grpc::GenericStub stub(base::MakeChannel(address));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  grpc::Slice slice("\x3a\x01*");
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  std::string text;
  if (ok && answer.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      text.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  call->WritesDone(nullptr);
  queue.Next(&tag, &ok);
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  return text;
}

TEST(Server, ReflectsAllItsServices) {
  ServedFarm farm;
  const std::string services = ListServices(farm.server->address());
  for (const char* name : {"rnnfarm.v1.FarmService", "rnnfarm.v1.WorkerService",
                           "rnnfarm.v1.ArtifactService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(services, HasSubstr(name));
  }
}

}  // namespace
}  // namespace rnnfarm::service
