#include "client/farm.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <random>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/channel.h"
#include "base/enum_word.h"
#include "base/status_grpc.h"

namespace rnnfarm::client {
namespace {

// Of all but UNSPECIFIED, which is 0.
template <typename State>
std::vector<std::string> StateWords(const google::protobuf::EnumDescriptor& states) {
  std::vector<std::string> words;
  for (int i = 0; i < states.value_count(); ++i) {
    const int number = states.value(i)->number();
    if (number != 0) words.push_back(Word(static_cast<State>(number)));
  }
  return words;
}

absl::Status NoName(const std::string& text, const std::string& expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no name here: write ", expected));
}

// gRPC would take any port for a number below 65536 and a name alone for one of port 443.
absl::Status CheckAddress(const std::string& address) {
  for (const char* scheme : {"unix:", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::StartsWith(address, scheme)) return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 &&
      absl::SimpleAtoi(absl::string_view(address).substr(colon + 1), &port) && port > 0 &&
      port <= 65535) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", address,
                                                 "\" is no address of a coordinator: write "
                                                 "HOST:PORT, such as ",
                                                 kDefaultCoordinator));
}

// What gRPC says of a connection, in a person's words.
std::string ReasonText(absl::string_view message) {
  static constexpr std::pair<absl::string_view, absl::string_view> kWords[] = {
      {"Connection refused", "nothing listens there"},
      {"Domain name not found", "there is no host of that name"},
      {"DNS resolution failed", "the host's name cannot be looked up"},
      {"CERTIFICATE_VERIFY_FAILED", "nobody known vouches for its certificate"},
      {"certificate verify failed", "nobody known vouches for its certificate"},
      {"andshake", "the TLS handshake failed"},
      {"SSL", "the TLS handshake failed"},
      {"http1.x", "what listens there does not speak gRPC"},
      {"Failed parsing HTTP/2", "what listens there does not speak gRPC"},
      {"http2 header", "what listens there does not speak gRPC"},
      {"Socket closed", "it hung up"},
      {"Connection reset", "it hung up"},
      {"Broken pipe", "it hung up"},
      {"Stream removed", "it hung up"},
      {"RST_STREAM", "it hung up"},
      {"GOAWAY", "it hung up"},
  };
  for (const auto& [part, words] : kWords) {
    if (absl::StrContains(message, part)) return std::string(words);
  }
  // "failed to connect to all addresses; last error: UNKNOWN: ipv4:…: No route to host"
  const bool is_chain = absl::StrContains(message, "last error: ");
  return std::string(is_chain ? message.substr(message.rfind(": ") + 2) : message);
}

// Of the transport, which has its own codes; a coordinator's own messages say what is wrong.
bool IsOfConnection(const absl::Status& status) {
  if (absl::IsUnavailable(status)) return true;
  if (!absl::IsUnknown(status) && !absl::IsInternal(status) && !absl::IsUnimplemented(status)) {
    return false;
  }
  for (const absl::string_view part :
       {"http2 header", "Stream removed", "RST_STREAM", "Socket closed", "GOAWAY"}) {
    if (absl::StrContains(status.message(), part)) return true;
  }
  return false;
}

}  // namespace

Farm::Farm(const std::string& address, absl::Duration timeout, const base::Credentials& credentials)
    : address_(address), timeout_(timeout) {
  const auto options = base::MakeChannelOptions(address, credentials);
  encrypted_ = credentials.tls || !credentials.tls_ca.empty() ||
               !credentials.tls_certificate.empty() || !credentials.tls_key.empty();
  unusable_ = CheckAddress(address);
  unusable_.Update(options.status());
  // Without credentials gRPC makes a channel on which every call fails.
  const std::shared_ptr<grpc::Channel> channel =
      unusable_.ok() ? base::MakeChannel(address, *options) : grpc::CreateChannel(address, nullptr);
  farm_ = v1::FarmService::NewStub(channel);
  artifacts_ = v1::ArtifactService::NewStub(channel);
}

Farm::Farm(absl::Status unusable) : unusable_(std::move(unusable)) {
  const std::shared_ptr<grpc::Channel> channel = grpc::CreateChannel(address_, nullptr);
  farm_ = v1::FarmService::NewStub(channel);
  artifacts_ = v1::ArtifactService::NewStub(channel);
}

absl::Status Farm::Explain(const grpc::Status& status) const {
  if (!unusable_.ok()) return unusable_;
  const absl::Status plain = base::FromGrpc(status);
  if (IsOfConnection(plain)) {
    return absl::UnavailableError(absl::StrCat(
        "no coordinator answers at ", address_, " (", ReasonText(plain.message()),
        "); start rnnfarm-coordinator there, name another with --coordinator ADDRESS, or, if it ",
        encrypted_
            ? "asks for certificates, give --tls-certificate and --tls-key, and if it speaks "
              "plain text, leave TLS out"
            : "asks for TLS, give --tls-ca FILE"));
  }
  if (absl::IsDeadlineExceeded(plain)) {
    return absl::DeadlineExceededError(
        absl::StrCat("the coordinator at ", address_, " did not answer within ",
                     absl::FormatDuration(timeout_), "; allow more with --timeout SECONDS"));
  }
  if (absl::IsUnimplemented(plain)) {
    return absl::UnimplementedError(absl::StrCat("the coordinator at ", address_,
                                                 " does not know this call; is it older than this "
                                                 "command? See `rnnfarm version --server`"));
  }
  return plain;
}

absl::Status Farm::ExplainTransfer(const absl::Status& status) const {
  if (!unusable_.ok()) return unusable_;
  if (!IsOfConnection(status)) return status;
  return absl::UnavailableError(absl::StrCat("a transfer with the coordinator at ", address_,
                                             " was given up (", ReasonText(status.message()),
                                             "); the same command goes on from there"));
}

std::string NewRequestId() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

absl::StatusOr<std::string> SweepName(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 1 && !parts[0].empty()) return absl::StrCat("sweeps/", text);
  if (parts.size() == 2 && parts[0] == "sweeps" && !parts[1].empty()) return text;
  return NoName(text, "the sweep's name, as `rnnfarm sweep list` shows it");
}

absl::StatusOr<std::string> ChildName(const std::string& text, const std::string& collection) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && !parts[0].empty() && !parts[1].empty()) {
    return absl::StrCat("sweeps/", parts[0], "/", collection, "/", parts[1]);
  }
  if (parts.size() == 4 && parts[0] == "sweeps" && parts[2] == collection) return text;
  return NoName(text, absl::StrCat("SWEEP/NAME, as `rnnfarm ", collection, " list -o name` shows"));
}

std::string LastSegment(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

std::string Word(v1::JobKind kind) { return base::EnumWord(v1::JobKind_Name(kind), "JOB_KIND_"); }
std::string Word(v1::JobState state) {
  return base::EnumWord(v1::JobState_Name(state), "JOB_STATE_");
}
std::string Word(v1::SweepState state) {
  return base::EnumWord(v1::SweepState_Name(state), "SWEEP_STATE_");
}
std::string Word(v1::NetworkState state) {
  return base::EnumWord(v1::NetworkState_Name(state), "NETWORK_STATE_");
}
std::string Word(v1::WorkerState state) {
  return base::EnumWord(v1::WorkerState_Name(state), "WORKER_STATE_");
}

std::string Word(v1::Verdict verdict) {
  return base::EnumWord(v1::Verdict_Name(verdict), "VERDICT_");
}

std::string Word(v1::JobEventKind kind) {
  return base::EnumWord(v1::JobEventKind_Name(kind), "JOB_EVENT_KIND_");
}

std::vector<std::string> JobStateWords() {
  return StateWords<v1::JobState>(*v1::JobState_descriptor());
}

std::vector<std::string> NetworkStateWords() {
  return StateWords<v1::NetworkState>(*v1::NetworkState_descriptor());
}

std::vector<std::string> SweepStateWords() {
  return StateWords<v1::SweepState>(*v1::SweepState_descriptor());
}

std::vector<std::string> WorkerStateWords() {
  return StateWords<v1::WorkerState>(*v1::WorkerState_descriptor());
}

bool IsEnded(v1::SweepState state) {
  return state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED ||
         state == v1::SWEEP_STATE_CANCELLED;
}

}  // namespace rnnfarm::client
