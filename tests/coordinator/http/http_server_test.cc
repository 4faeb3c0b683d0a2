// A real coordinator's pages, asked for through a plain socket.
#include "coordinator/http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/array_file.h"
#include "base/random_stream.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::http {
namespace {

using service::FakeWorker;
using service::ServedFarm;
using service::TinySweep;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    auto started = HttpServer::Start("127.0.0.1:0", {[this] { return server().CollectMetrics(); },
                                                     [this] { return server().Health(); }});
    EXPECT_TRUE(started.ok()) << started.status();
    http_ = *std::move(started);
  }

  service::CoordinatorServer& server() { return *farm_.server; }

  // What comes back until the connection is closed.
  std::string Exchange(const std::string& bytes) const {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(http_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(connection, SHUT_WR);
    std::string answer;
    char buffer[4096];
    for (ssize_t n; (n = recv(connection, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
    close(connection);
    return answer;
  }
  std::string Ask(const std::string& method, const std::string& path) const {
    return Exchange(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  std::string Body(const std::string& path) const {
    const std::string answer = Ask("GET", path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
  // Value by name and labels, as they are written.
  std::map<std::string, double> Figures() const {
    std::map<std::string, double> figures;
    for (absl::string_view line : absl::StrSplit(Body("/metrics"), '\n', absl::SkipEmpty())) {
      if (absl::StartsWith(line, "#")) continue;
      const size_t blank = line.rfind(' ');
      double value = 0;
      EXPECT_TRUE(absl::SimpleAtod(line.substr(blank + 1), &value)) << line;
      figures[std::string(line.substr(0, blank))] = value;
    }
    return figures;
  }

  ServedFarm farm_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(HttpServerTest, CountsWhatTheFarmHasAndDid) {
  const std::string sweep = farm_.MustSubmit(TinySweep()).name();
  auto before = Figures();
  EXPECT_EQ(before[R"(rnnfarm_jobs{kind="train",state="pending"})"], 2);
  EXPECT_EQ(before[R"(rnnfarm_jobs_ended_total{kind="train",outcome="succeeded"})"], 0);
  EXPECT_EQ(before["rnnfarm_networks"], 2);
  EXPECT_EQ(before[R"(rnnfarm_sweeps{state="running"})"], 1);
  EXPECT_EQ(before[R"(rnnfarm_requests_total{code="OK",method="SubmitSweep"})"], 1);
  EXPECT_EQ(before["rnnfarm_commit_seconds_count"], 1);
  EXPECT_EQ(before["rnnfarm_commit_changes_sum"], 1);

  FakeWorker worker(farm_, "secretive-worker");
  const std::vector<v1::Lease> leases = worker.MustLease(2);
  ASSERT_EQ(leases.size(), 2);
  auto leased = Figures();
  EXPECT_EQ(leased[R"(rnnfarm_jobs{kind="train",state="leased"})"], 2);
  EXPECT_EQ(leased["rnnfarm_leases"], 2);
  EXPECT_EQ(leased[R"(rnnfarm_workers{state="active"})"], 2) << "with the coordinator's own";
  EXPECT_GE(leased[R"(rnnfarm_requests_total{code="OK",method="Sync"})"], 1);

  EXPECT_TRUE(worker.Report(worker.Result(leases[0])).accepted());
  EXPECT_TRUE(worker.Report(worker.Result(leases[1])).accepted());
  worker.Finish(sweep);
  auto after = Figures();
  for (const char* kind : {"train", "analyze"}) {
    EXPECT_EQ(after[absl::StrCat("rnnfarm_jobs{kind=\"", kind, "\",state=\"succeeded\"}")], 2);
    EXPECT_EQ(
        after[absl::StrCat("rnnfarm_jobs_ended_total{kind=\"", kind, "\",outcome=\"succeeded\"}")],
        2);
  }
  EXPECT_EQ(after[R"(rnnfarm_jobs_ended_total{kind="compare",outcome="succeeded"})"], 1);
  EXPECT_EQ(after["rnnfarm_leases"], 0);
  EXPECT_EQ(after[R"(rnnfarm_sweeps{state="succeeded"})"], 1);
  EXPECT_EQ(after["rnnfarm_ledger_failed"], 0);
  EXPECT_GT(after["rnnfarm_store_bytes"], service::NetworkFile().size());
  EXPECT_GT(after["process_resident_memory_bytes"], 1 << 20);
  EXPECT_GT(after["process_open_fds"], 3);
}

TEST_F(HttpServerTest, CountsBytesAndCodesOfCalls) {
  const std::string bytes(1'000'000, 'x');
  const std::string digest = farm_.MustUpload(bytes);
  ASSERT_TRUE(farm_.Download(digest, 400'000).ok());
  v1::GetSweepRequest unknown;
  unknown.set_name("sweeps/none");
  v1::GetSweepResponse response;
  EXPECT_TRUE(absl::IsNotFound(farm_.Call(&v1::FarmService::Stub::GetSweep, unknown, &response)));
  auto figures = Figures();
  EXPECT_EQ(figures["rnnfarm_uploaded_bytes_total"], 1'000'000);
  EXPECT_EQ(figures["rnnfarm_downloaded_bytes_total"], 600'000);
  EXPECT_EQ(figures[R"(rnnfarm_requests_total{code="NOT_FOUND",method="GetSweep"})"], 1);
}

TEST_F(HttpServerTest, ShowsCallsUnderWay) {
  grpc::ClientContext context;
  v1::UploadArtifactResponse response;
  auto upload = farm_.artifacts->UploadArtifact(&context, &response);
  v1::UploadArtifactRequest request;
  request.set_digest(std::string(64, 'a'));
  request.set_size_bytes(10);
  upload->Write(request);
  const char* open = R"(rnnfarm_requests_open{method="UploadArtifact"})";
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (Figures()[open] != 1) ASSERT_LT(absl::Now(), deadline);
  context.TryCancel();
  upload->Finish();
  while (Figures()[open] != 0) ASSERT_LT(absl::Now(), deadline);
}

TEST_F(HttpServerTest, LabelsNameNobody) {
  FakeWorker worker(farm_, "secretive-worker");
  worker.Finish(farm_.MustSubmit(TinySweep("private-sweep")).name());
  EXPECT_THAT(Body("/metrics"),
              AllOf(HasSubstr("rnnfarm_jobs{"), Not(HasSubstr("secretive-worker")),
                    Not(HasSubstr("private-sweep")), Not(HasSubstr("sweeps/")),
                    Not(HasSubstr("flipflop")), Not(HasSubstr("-s0"))));
}

TEST_F(HttpServerTest, PromtoolFindsNothingToMend) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "promtool is not there";
  farm_.MustSubmit(TinySweep());
  const std::string path = farm_.options.store.path + "/metrics.txt";
  ASSERT_TRUE(base::WriteFile(path, Body("/metrics")).ok());
  EXPECT_EQ(std::system(("promtool check metrics < " + path).c_str()), 0);
}

TEST_F(HttpServerTest, SaysWhyItIsNotHealthy) {
  EXPECT_EQ(Body("/healthz"), "ok\n");
  farm_.Shutdown();
  const std::string answer = Ask("GET", "/healthz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nthe coordinator is shutting down\n"));
  EXPECT_THAT(Body("/metrics"), HasSubstr("rnnfarm_commit_seconds_count"));
}

TEST_F(HttpServerTest, OnlyGivesAwayWhatItHas) {
  EXPECT_THAT(Ask("POST", "/metrics"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "PATCH", "MKCOL"}) {
    EXPECT_THAT(Ask(method, "/"), StartsWith("HTTP/1.1 405 ")) << method;
  }
  for (const char* path : {"/etc/passwd", "/../../../etc/passwd", "/metrics/", "/%2e%2e/x"}) {
    EXPECT_THAT(Ask("GET", path), ContainsRegex("^HTTP/1.1 40[04] ")) << path;
  }
  EXPECT_THAT(Body("/"), AllOf(HasSubstr("/metrics"), HasSubstr("/healthz")));
  const std::string head = Ask("HEAD", "/healthz");
  EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 3\r\n")));
  EXPECT_EQ(head.find("\r\n\r\n"), head.size() - 4);
}

TEST_F(HttpServerTest, OutlivesGarbage) {
  EXPECT_THAT(Exchange("garbage\r\n\r\n"), ContainsRegex("^HTTP/1.[01] 400 "));
  EXPECT_THAT(Exchange("GET / HTTP/9.9\r\n\r\n"), ContainsRegex("^HTTP/[0-9.]+ 505 "));
  base::RandomStream random(base::DeriveStream(1, "http_test", "garbage"));
  for (int i = 0; i < 200; ++i) {
    std::string bytes = i % 2 == 0 ? "GET /" : "";
    for (int k = 0; k < i; ++k) bytes += static_cast<char>(random.NextWord() & 0xFF);
    Exchange(bytes + "\r\n\r\n");
  }
  Exchange("GET /" + std::string(1 << 20, 'x') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(Body("/healthz"), "ok\n");
}

TEST_F(HttpServerTest, RefusesAddressesThatSayMoreOrLess) {
  for (const char* listen :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:0s", "127.0.0.1:0,90", "+:0", "127.0.0.1:0,0.0.0.0:0"}) {
    auto refused = HttpServer::Start(listen, {});
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << listen << ": " << refused.status();
  }
  auto in_use = HttpServer::Start(absl::StrCat("127.0.0.1:", http_->port()), {});
  EXPECT_TRUE(absl::IsUnavailable(in_use.status())) << in_use.status();
}

}  // namespace
}  // namespace rnnfarm::http
