// Thousands of bad calls of every kind to the real coordinator, in a process of its own: each ends
// with its canonical code, the coordinator goes on, and its memory does not grow.
#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "base/credentials.h"
#include "base/digest.h"
#include "base/status_grpc.h"
#include "rnnfarm/v1/farm_service.grpc.pb.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

extern char** environ;

namespace rnnfarm {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;

constexpr int kWarmUpTries = 3'000;
constexpr int kTries = 10'000;
// Pages that caches and allocators fill for good; a kilobyte lost in each try would be 10 MiB.
constexpr int64_t kAllowedGrowthBytes = int64_t{8} << 20;
// Messages beyond the limit are large: one in so many tries.
constexpr int kOversizedEvery = 200;
constexpr size_t kOversizedBytes = size_t{17} << 20;
// Connections left open and silent.
constexpr size_t kSilentLines = 16;
constexpr char kHttp2Preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

// A TCP connection that says `text` and nothing more; closed with the object.
class Line {
 public:
  Line(int port, absl::string_view text) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = Loopback(port);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(send(socket_, text.data(), text.size(), MSG_NOSIGNAL), text.size());
  }
  ~Line() { close(socket_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

 private:
  const int socket_;
};

// The real program with three tokens, one a role.
class Coordinator {
 public:
  Coordinator() : port_(FreePort()) {
    std::string pattern = ::testing::TempDir() + "bad-calls-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::string tokens;
    for (const char* role : {"submitter", "worker", "admin"}) {
      absl::StrAppend(&tokens, role, " ", TokenOf(role), "\n");
      Write(absl::StrCat(role, ".token"), TokenOf(role));
    }
    Write("tokens", tokens);
    Write("wrong.token", std::string(32, 'x'));
    Spawn();
  }
  ~Coordinator() {
    kill(process_, SIGTERM);
    int status = 0;
    waitpid(process_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it did not end well";
    fs::remove_all(folder_);
  }

  int port() const { return port_; }
  bool Runs() const { return waitpid(process_, nullptr, WNOHANG) == 0; }
  std::shared_ptr<grpc::Channel> Dial(const std::string& role) const {
    const std::string address = absl::StrCat("127.0.0.1:", port_);
    base::Credentials credentials;
    if (!role.empty()) credentials.token_file = absl::StrCat(folder_, "/", role, ".token");
    auto options = base::MakeChannelOptions(address, credentials);
    EXPECT_TRUE(options.ok()) << options.status();
    return base::MakeChannel(address, *options);
  }
  int64_t ResidentBytes() const {
    std::ifstream statm(absl::StrCat("/proc/", process_, "/statm"));
    int64_t whole = 0, resident = 0;
    statm >> whole >> resident;
    return resident * sysconf(_SC_PAGESIZE);
  }

 private:
  static std::string TokenOf(absl::string_view role) { return base::DigestOf(role); }
  void Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << text;
    chmod(path.c_str(), 0600);
  }
  void Spawn() {
    const char* programs = std::getenv("RNNFARM_BIN");
    ASSERT_NE(programs, nullptr) << "RNNFARM_BIN must name the folder of the programs";
    const std::string program = absl::StrCat(programs, "/rnnfarm-coordinator");
    std::vector<std::string> arguments = {program, absl::StrCat("--listen=127.0.0.1:", port_),
                                          absl::StrCat("--store=", folder_, "/store"),
                                          absl::StrCat("--tokens=", folder_, "/tokens")};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ASSERT_EQ(posix_spawn(&process_, program.c_str(), nullptr, nullptr, pointers.data(), environ),
              0);
    EXPECT_TRUE(Dial("")->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(60))));
  }

  const int port_;
  std::string folder_;
  pid_t process_ = 0;
};

class BadCalls : public ::testing::Test {
 protected:
  using Farm = v1::FarmService::Stub;

  template <typename Request, typename Response>
  static StatusCode Call(Farm& stub,
                         grpc::Status (Farm::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                         const Request& request) {
    grpc::ClientContext context;
    Response response;
    return base::FromGrpc((stub.*method)(&context, request, &response)).code();
  }

  StatusCode GetSweep(const std::string& name) {
    v1::GetSweepRequest request;
    request.set_name(name);
    return Call(farm_, &Farm::GetSweep, request);
  }
  StatusCode List(Farm& stub, const std::string& token = "") {
    v1::ListSweepsRequest request;
    request.set_page_token(token);
    return Call(stub, &Farm::ListSweeps, request);
  }
  StatusCode Drain(Farm& stub) {
    v1::DrainWorkerRequest request;
    request.set_name("workers/nobody");
    return Call(stub, &Farm::DrainWorker, request);
  }
  StatusCode Upload(const std::string& digest, int64_t size, int64_t offset,
                    const std::string& data) {
    grpc::ClientContext context;
    v1::UploadArtifactResponse response;
    auto writer = artifacts_.UploadArtifact(&context, &response);
    v1::UploadArtifactRequest request;
    request.set_digest(digest);
    request.set_size_bytes(size);
    request.set_offset(offset);
    request.set_data(data);
    writer->Write(request);
    writer->WritesDone();
    return base::FromGrpc(writer->Finish()).code();
  }
  StatusCode UploadThatIsDropped() {
    grpc::ClientContext context;
    v1::UploadArtifactResponse response;
    auto writer = artifacts_.UploadArtifact(&context, &response);
    v1::UploadArtifactRequest request;
    request.set_digest(base::DigestOf("dropped"));
    request.set_size_bytes(7);
    request.set_data("dro");
    writer->Write(request);
    context.TryCancel();
    return base::FromGrpc(writer->Finish()).code();
  }
  // What becomes of a report of an attempt that never held a lease.
  StatusCode StaleReport() {
    v1::SyncRequest request;
    request.set_worker("workers/stale");
    v1::JobReport& report = *request.add_reports();
    report.set_job(job_);
    report.set_attempt(999);
    report.mutable_returned()->set_reason("drained");
    grpc::ClientContext context;
    v1::SyncResponse response;
    const grpc::Status status = workers_.Sync(&context, request, &response);
    if (!status.ok()) return base::FromGrpc(status).code();
    const bool refused = response.outcomes_size() == 1 && response.outcomes(0).code() == "ABORTED";
    return refused ? StatusCode::kAborted : StatusCode::kOk;
  }
  // A frame that is sound and holds `bytes` in place of a message.
  StatusCode Raw(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(submitter_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Slice slice(bytes);
    auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return base::FromGrpc(status).code();
  }

  void SubmitOneSweep();
  struct Kind {
    const char* name;
    StatusCode expected;
    std::function<StatusCode()> call;
  };
  std::vector<Kind> Kinds();
  // On a connection of its own; the latest `keep_open` of them stay open.
  StatusCode Say(absl::string_view text, size_t keep_open);

  Coordinator coordinator_;
  std::shared_ptr<grpc::Channel> submitter_ = coordinator_.Dial("submitter");
  std::shared_ptr<grpc::Channel> worker_ = coordinator_.Dial("worker");
  Farm farm_{submitter_}, workers_farm_{worker_};
  Farm nobody_{coordinator_.Dial("")}, stranger_{coordinator_.Dial("wrong")};
  v1::WorkerService::Stub workers_{worker_};
  v1::ArtifactService::Stub artifacts_{worker_};
  std::string job_;
  std::deque<Line> lines_;
};

void BadCalls::SubmitOneSweep() {
  v1::SubmitSweepRequest submit;
  v1::SweepSpec& spec = *submit.mutable_spec();
  spec.set_name("tiny");
  v1::Task& task = *spec.add_task();
  task.set_name("memory");
  task.mutable_flip_flop()->set_bits(1);
  task.mutable_flip_flop()->set_steps(10);
  spec.mutable_grid()->add_architecture("gru");
  spec.mutable_grid()->add_activation("tanh");
  spec.mutable_grid()->add_units(4);
  spec.mutable_grid()->add_l2(1e-5);
  spec.mutable_seeds()->set_count(1);
  ASSERT_EQ(Call(farm_, &Farm::SubmitSweep, submit), StatusCode::kOk);
  v1::ListJobsRequest list;
  list.set_parent("sweeps/tiny");
  grpc::ClientContext context;
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(farm_.ListJobs(&context, list, &jobs).ok());
  ASSERT_GT(jobs.jobs_size(), 0);
  job_ = jobs.jobs(0).name();
}

std::vector<BadCalls::Kind> BadCalls::Kinds() {
  const std::string good = base::DigestOf("good");
  const std::string get_sweep = "/rnnfarm.v1.FarmService/GetSweep";
  return {
      {"wrong digest", StatusCode::kDataLoss, [=, this] { return Upload(good, 3, 0, "bad"); }},
      {"no digest", StatusCode::kInvalidArgument, [this] { return Upload("none", 3, 0, "bad"); }},
      {"gap", StatusCode::kOutOfRange, [=, this] { return Upload(good, 9, 5, "late"); }},
      {"dropped upload", StatusCode::kCancelled, [this] { return UploadThatIsDropped(); }},
      {"stale attempt", StatusCode::kAborted, [this] { return StaleReport(); }},
      {"unknown sweep", StatusCode::kNotFound, [this] { return GetSweep("sweeps/absent"); }},
      {"no name", StatusCode::kInvalidArgument, [this] { return GetSweep("no name"); }},
      {"page token", StatusCode::kInvalidArgument, [this] { return List(farm_, "no token"); }},
      {"no token", StatusCode::kUnauthenticated, [this] { return List(nobody_); }},
      {"wrong token", StatusCode::kUnauthenticated, [this] { return List(stranger_); }},
      {"wrong role", StatusCode::kPermissionDenied, [this] { return Drain(workers_farm_); }},
      {"no message", StatusCode::kInternal, [=, this] { return Raw(get_sweep, "\xff\xff\xff"); }},
      {"no method", StatusCode::kUnimplemented, [this] { return Raw("/rnnfarm.v1.No/No", ""); }},
      {"garbage", StatusCode::kOk, [this] { return Say(std::string(1000, '\xa5'), 0); }},
      {"silence", StatusCode::kOk, [this] { return Say(kHttp2Preface, kSilentLines); }},
  };
}

StatusCode BadCalls::Say(absl::string_view text, size_t keep_open) {
  lines_.emplace_back(coordinator_.port(), text);
  while (lines_.size() > keep_open) lines_.pop_front();
  return StatusCode::kOk;
}

TEST_F(BadCalls, EndWithTheirCodesAndLeaveNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(SubmitOneSweep());
  const std::vector<Kind> kinds = Kinds();
  const std::string oversized(kOversizedBytes, 'x');
  int64_t warm = 0;
  for (int number = 0; number < kWarmUpTries + kTries; ++number) {
    if (number == kWarmUpTries) warm = coordinator_.ResidentBytes();
    const Kind& kind = kinds[number % kinds.size()];
    ASSERT_EQ(kind.call(), kind.expected) << kind.name << ", try " << number;
    if (number % kOversizedEvery == 0) {
      ASSERT_EQ(GetSweep(oversized), StatusCode::kResourceExhausted);
    }
  }
  const int64_t grown = coordinator_.ResidentBytes() - warm;
  std::cout << "resident: " << warm << " bytes after " << kWarmUpTries << " tries, " << grown
            << " more after " << kTries << " more\n";
  EXPECT_LT(grown, kAllowedGrowthBytes);
  EXPECT_TRUE(coordinator_.Runs());
  EXPECT_EQ(GetSweep("sweeps/tiny"), StatusCode::kOk);
}

}  // namespace
}  // namespace rnnfarm
