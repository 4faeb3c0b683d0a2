// Who may call what: roles by token and by certificate, over plain text and TLS.
#include "coordinator/service/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

std::string Written(const std::string& name, const std::string& text, mode_t mode = 0600) {
  const std::string path = ::testing::TempDir() + name;
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

// What deploy/certificates makes, once for all tests; `days` < 0: long expired.
std::string Certificates(const std::string& name, int days = 2) {
  const std::string folder = ::testing::TempDir() + "certificates-" + name;
  const std::string command =
      absl::StrCat("RNNFARM_DAYS=", days, " deploy/certificates ", folder, " 2>&1");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return folder;
}

// One call of each kind with these credentials.
class Caller {
 public:
  Caller(const std::string& address, const base::Credentials& credentials) {
    auto options = base::MakeChannelOptions(address, credentials);
    EXPECT_TRUE(options.ok()) << options.status();
    // Another test's connection would be kept from showing these credentials.
    options->own_connection = true;
    channel_ = base::MakeChannel(address, *options);
  }

  absl::Status GetVersion() {
    return Unary<v1::GetVersionResponse>(&v1::FarmService::Stub::GetVersion,
                                         v1::GetVersionRequest());
  }
  absl::Status ListSweeps() {
    return Unary<v1::ListSweepsResponse>(&v1::FarmService::Stub::ListSweeps,
                                         v1::ListSweepsRequest());
  }
  // NOT_FOUND, if the call may be made.
  absl::Status DrainWorker() {
    v1::DrainWorkerRequest request;
    request.set_name("workers/nobody");
    return Unary<v1::DrainWorkerResponse>(&v1::FarmService::Stub::DrainWorker, request);
  }
  absl::Status DeleteSweep() {
    v1::DeleteSweepRequest request;
    request.set_name("sweeps/nothing");
    return Unary<v1::DeleteSweepResponse>(&v1::FarmService::Stub::DeleteSweep, request);
  }
  absl::Status Sync() {
    v1::SyncRequest request;
    request.set_worker("workers/w");
    return Unary<v1::SyncResponse>(&v1::WorkerService::Stub::Sync, request);
  }
  // INVALID_ARGUMENT, if the call may be made: its stream is empty.
  absl::Status Upload() {
    grpc::ClientContext context;
    v1::UploadArtifactResponse response;
    auto writer = v1::ArtifactService::NewStub(channel_)->UploadArtifact(&context, &response);
    writer->WritesDone();
    return base::FromGrpc(writer->Finish());
  }
  absl::Status Health() {
    return Unary<grpc::health::v1::HealthCheckResponse>(&grpc::health::v1::Health::Stub::Check,
                                                        grpc::health::v1::HealthCheckRequest());
  }

 private:
  template <typename Response, typename Stub, typename Request>
  absl::Status Unary(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     const Request& request) {
    grpc::ClientContext context;
    Response response;
    Stub stub(channel_);
    return base::FromGrpc((stub.*method)(&context, request, &response));
  }

  std::shared_ptr<grpc::Channel> channel_;
};

void ExpectRights(Caller caller, Roles role) {
  const auto right = [&](const absl::Status& status, Roles needed, absl::StatusCode allowed) {
    EXPECT_EQ(status.code(), role & needed ? allowed : absl::StatusCode::kPermissionDenied)
        << RolesText(role) << " for what takes " << RolesText(needed) << ": " << status;
  };
  right(caller.GetVersion(), kSubmitter | kWorker | kAdmin, absl::StatusCode::kOk);
  right(caller.ListSweeps(), kSubmitter | kAdmin, absl::StatusCode::kOk);
  right(caller.DrainWorker(), kAdmin, absl::StatusCode::kNotFound);
  right(caller.DeleteSweep(), kSubmitter | kAdmin, absl::StatusCode::kNotFound);
  right(caller.Sync(), kWorker | kAdmin, absl::StatusCode::kOk);
  right(caller.Upload(), kSubmitter | kWorker | kAdmin, absl::StatusCode::kInvalidArgument);
  right(caller.Health(), kSubmitter | kWorker | kAdmin, absl::StatusCode::kOk);
}

base::Credentials WithToken(const std::string& path) {
  base::Credentials credentials;
  credentials.token_file = path;
  return credentials;
}

base::Credentials OfRole(const std::string& folder, const std::string& role) {
  base::Credentials credentials;
  credentials.tls_ca = folder + "/ca.pem";
  if (!role.empty()) {
    credentials.tls_certificate = absl::StrCat(folder, "/", role, ".pem");
    credentials.tls_key = absl::StrCat(folder, "/", role, ".key");
  }
  return credentials;
}

TEST(Access, GoesByTheTokenOnPlainLoopback) {
  const std::string folder = Certificates("tokens");
  ServedFarm farm;
  farm.Shutdown();
  farm.options.security.tokens = folder + "/tokens";
  farm.Start();
  const std::string address = farm.server->address();
  for (const char* role : {"submitter", "worker", "admin"}) {
    ExpectRights(Caller(address, WithToken(absl::StrCat(folder, "/", role, ".token"))),
                 RoleNamed(role));
  }
  const absl::Status missing = Caller(address, {}).ListSweeps();
  EXPECT_TRUE(absl::IsUnauthenticated(missing)) << missing;
  EXPECT_EQ(
      Text(missing),
      "authorization: without a token nobody may see sweeps, networks, jobs and workers; that "
      "needs the role submitter or admin: give the file of such a token with --token-file");
  EXPECT_TRUE(absl::IsUnauthenticated(Caller(address, {}).Upload()));
  EXPECT_TRUE(Caller(address, {}).Health().ok());
  const std::string wrong = Written("wrong.token", std::string(64, '0'));
  const absl::Status unknown = Caller(address, WithToken(wrong)).GetVersion();
  EXPECT_TRUE(absl::IsUnauthenticated(unknown)) << unknown;
  const absl::Status denied = Caller(address, WithToken(folder + "/worker.token")).DrainWorker();
  EXPECT_EQ(Text(denied),
            "a caller of the role worker may not drain workers; that needs the role "
            "admin: call with the token or the certificate of such a role");
  EXPECT_THAT(Text(Caller(address, WithToken(folder + "/worker.token")).DeleteSweep()),
              HasSubstr("the role worker may not delete sweeps; that needs the role submitter"));
}

TEST(Access, GoesByTheCertificateOverTls) {
  const std::string folder = Certificates("mutual");
  ServedFarm farm;
  farm.Shutdown();
  farm.options.security = {.tls_certificate = folder + "/coordinator.pem",
                           .tls_key = folder + "/coordinator.key",
                           .tls_client_ca = folder + "/ca.pem",
                           .tokens = ""};
  // Beyond loopback, without --insecure.
  farm.options.listen = "0.0.0.0:0";
  farm.credentials = OfRole(folder, "admin");
  farm.Start();
  const std::string address = farm.server->address();
  for (const char* role : {"submitter", "worker", "admin"}) {
    ExpectRights(Caller(address, OfRole(folder, role)), RoleNamed(role));
  }
  // Vouched for, but no role.
  const absl::Status denied = Caller(address, OfRole(folder, "coordinator")).GetVersion();
  EXPECT_TRUE(absl::IsPermissionDenied(denied)) << denied;
  EXPECT_THAT(Text(denied), HasSubstr("a caller without a role may not ask for the "
                                      "coordinator's version; that needs the role submitter or"));
  // Handshakes fail: no certificate, one of strangers, an expired one, plain text.
  const std::string strangers = Certificates("strangers");
  base::Credentials stranger = OfRole(strangers, "admin");
  stranger.tls_ca = folder + "/ca.pem";
  for (const base::Credentials& credentials :
       {OfRole(folder, ""), stranger, OfRole(strangers, "admin"), base::Credentials()}) {
    const absl::Status refused = Caller(address, credentials).ListSweeps();
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  }
  Certificates("mutual", /*days=*/-1);
  const absl::Status expired = Caller(address, OfRole(folder, "admin")).ListSweeps();
  EXPECT_TRUE(absl::IsUnavailable(expired)) << expired;
}

TEST(Access, TakesTokensOverTlsBeyondLoopback) {
  const std::string folder = Certificates("both");
  ServedFarm farm;
  farm.Shutdown();
  farm.options.security = {.tls_certificate = folder + "/coordinator.pem",
                           .tls_key = folder + "/coordinator.key",
                           .tls_client_ca = "",
                           .tokens = folder + "/tokens"};
  farm.options.listen = "0.0.0.0:0";
  farm.credentials = OfRole(folder, "");
  farm.credentials.token_file = folder + "/admin.token";
  farm.Start();
  ExpectRights(Caller(farm.server->address(), farm.credentials), kAdmin);
  const absl::Status missing = Caller(farm.server->address(), OfRole(folder, "")).GetVersion();
  EXPECT_TRUE(absl::IsUnauthenticated(missing)) << missing;
}

TEST(Access, LetsAWorkersWholeLifePassWithTheWorkersToken) {
  const std::string folder = Certificates("life");
  ServedFarm farm;
  farm.Shutdown();
  farm.options.security.tokens = folder + "/tokens";
  farm.credentials.token_file = folder + "/submitter.token";
  farm.Start();
  farm.MustSubmit(TinySweep());
  // The same coordinator, dialled by the worker.
  auto options =
      base::MakeChannelOptions(farm.server->address(), WithToken(folder + "/worker.token"));
  ASSERT_TRUE(options.ok()) << options.status();
  farm.workers = v1::WorkerService::NewStub(base::MakeChannel(farm.server->address(), *options));
  farm.artifacts =
      v1::ArtifactService::NewStub(base::MakeChannel(farm.server->address(), *options));
  FakeWorker(farm, "w").Finish("sweeps/tiny");
  EXPECT_EQ(farm.GetSweep("sweeps/tiny").state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(Access, NamesWhatIsWrongWithAFileOfTokens) {
  const std::string good =
      "# people\nsubmitter 0123456789abcdef # the lab\n\n admin\tfedcba9876543210\n";
  auto tokens = ReadTokens(Written("good", good));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ(tokens->size(), 2);
  EXPECT_EQ(tokens->at(1).role, kAdmin);
  const auto refused = [](const std::string& text) {
    return Text(ReadTokens(Written("bad", text)).status());
  };
  EXPECT_THAT(refused("worker 0123456789abcdef\nworker short\n"),
              AllOf(HasSubstr("bad:2:"), HasSubstr("at least 16")));
  EXPECT_THAT(refused("root 0123456789abcdef\n"), HasSubstr("submitter or worker or admin"));
  EXPECT_THAT(refused("worker\n"), HasSubstr("expected a role and a token"));
  EXPECT_THAT(refused("# nobody\n"), HasSubstr("no token"));
  const absl::Status open = ReadTokens(Written("open", good, 0644)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(open)) << open;
  EXPECT_THAT(Text(open), HasSubstr("chmod 600"));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadTokens("/absent/tokens").status()));
}

TEST(Access, RefusesFilesThatCanNeverWork) {
  const std::string folder = Certificates("files");
  ServedFarm farm;
  farm.Shutdown();
  const std::string certificate = folder + "/coordinator.pem", key = folder + "/coordinator.key";
  const struct {
    ServerSecurity security;
    std::string said;
  } cases[] = {
      {{.tls_certificate = certificate, .tls_key = "", .tls_client_ca = "", .tokens = ""},
       "tls_key"},
      {{.tls_certificate = certificate,
        .tls_key = folder + "/admin.key",
        .tls_client_ca = "",
        .tokens = ""},
       "admin.key: is not the key of"},
      {{.tls_certificate = key, .tls_key = key, .tls_client_ca = "", .tokens = ""},
       "holds no certificate"},
      {{.tls_certificate = certificate, .tls_key = certificate, .tls_client_ca = "", .tokens = ""},
       "holds no private key"},
      {{.tls_certificate = certificate,
        .tls_key = key,
        .tls_client_ca = folder + "/absent",
        .tokens = ""},
       "absent"},
      {{.tls_certificate = "", .tls_key = "", .tls_client_ca = folder + "/ca.pem", .tokens = ""},
       "tls_client_ca"},
  };
  for (const auto& wrong : cases) {
    farm.options.security = wrong.security;
    const absl::Status refused = CoordinatorServer::Start(farm.options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << wrong.said << refused;
    EXPECT_THAT(Text(refused), HasSubstr(wrong.said));
  }
}

TEST(Access, NeverShowsATokenUnencryptedBeyondLoopback) {
  base::Credentials credentials;
  credentials.token_file = Written("client.token", "0123456789abcdef\n");
  for (const char* near : {"127.0.0.1:7070", "localhost:7070", "unix:/tmp/farm"}) {
    EXPECT_TRUE(base::MakeChannelOptions(near, credentials).ok()) << near;
  }
  const absl::Status refused = base::MakeChannelOptions("farm.example:7070", credentials).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(Text(refused), AllOf(HasSubstr("farm.example:7070"), HasSubstr("--tls")));
  credentials.tls = true;
  EXPECT_TRUE(base::MakeChannelOptions("farm.example:7070", credentials).ok());
  credentials.tls = false;
  credentials.insecure = true;
  EXPECT_TRUE(base::MakeChannelOptions("farm.example:7070", credentials).ok());
  credentials.token_file = Written("two.token", "0123456789abcdef 0123456789abcdef\n");
  EXPECT_FALSE(base::MakeChannelOptions("localhost:7070", credentials).ok());
}

}  // namespace
}  // namespace rnnfarm::service
