#include "client/farm.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/channel.h"
#include "base/status_grpc.h"

namespace rnnfarm::client {
namespace {

std::string WordOf(const std::string& name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::string_view(name).substr(prefix.size()));
}

absl::Status NoName(const std::string& text, const std::string& expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no name here: write ", expected));
}

}  // namespace

Farm::Farm(const std::string& address, absl::Duration timeout, const base::Credentials& credentials)
    : address_(address), timeout_(timeout) {
  const auto options = base::MakeChannelOptions(address, credentials);
  unusable_ = options.status();
  // Without credentials gRPC makes a channel on which every call fails.
  const std::shared_ptr<grpc::Channel> channel =
      options.ok() ? base::MakeChannel(address, *options) : grpc::CreateChannel(address, nullptr);
  farm_ = v1::FarmService::NewStub(channel);
  artifacts_ = v1::ArtifactService::NewStub(channel);
}

absl::Status Farm::Explain(const grpc::Status& status) const {
  if (!unusable_.ok()) return unusable_;
  const absl::Status plain = base::FromGrpc(status);
  if (absl::IsUnavailable(plain)) {
    return absl::UnavailableError(absl::StrCat(
        "no coordinator answers at ", address_, " (", plain.message(),
        "); start rnnfarm-coordinator there, name another with --coordinator ADDRESS, or, if it "
        "asks for TLS, give --tls-ca FILE"));
  }
  if (absl::IsDeadlineExceeded(plain)) {
    return absl::DeadlineExceededError(
        absl::StrCat("the coordinator at ", address_, " did not answer within ",
                     absl::FormatDuration(timeout_), "; allow more with --timeout SECONDS"));
  }
  return plain;
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

std::string Word(v1::JobKind kind) { return WordOf(v1::JobKind_Name(kind), "JOB_KIND_"); }
std::string Word(v1::JobState state) { return WordOf(v1::JobState_Name(state), "JOB_STATE_"); }
std::string Word(v1::SweepState state) {
  return WordOf(v1::SweepState_Name(state), "SWEEP_STATE_");
}
std::string Word(v1::NetworkState state) {
  return WordOf(v1::NetworkState_Name(state), "NETWORK_STATE_");
}
std::string Word(v1::WorkerState state) {
  return WordOf(v1::WorkerState_Name(state), "WORKER_STATE_");
}

std::string Word(v1::Verdict verdict) { return WordOf(v1::Verdict_Name(verdict), "VERDICT_"); }

std::string Word(v1::JobEventKind kind) {
  return WordOf(v1::JobEventKind_Name(kind), "JOB_EVENT_KIND_");
}

bool IsEnded(v1::SweepState state) {
  return state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED ||
         state == v1::SWEEP_STATE_CANCELLED;
}

}  // namespace rnnfarm::client
