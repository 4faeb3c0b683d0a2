#include "base/status_grpc.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace rnnfarm::base {
namespace {

constexpr char kCutMark[] = " … (cut)";

std::string Bounded(absl::string_view message) {
  std::string whole = AsUtf8(message);
  if (whole.size() <= kMaxStatusMessageBytes) return whole;
  return absl::StrCat(CutUtf8(whole, kMaxStatusMessageBytes - sizeof(kCutMark)), kCutMark);
}

constexpr char kDomain[] = "rnnfarm";
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr int kRetrySeconds = 5;

// What the farm means by each code.
const char* ReasonOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_FIELD";
    case absl::StatusCode::kNotFound:
      return "UNKNOWN_NAME";
    case absl::StatusCode::kFailedPrecondition:
      return "WRONG_STATE";
    case absl::StatusCode::kAborted:
      return "STALE";
    case absl::StatusCode::kResourceExhausted:
      return "LIMIT_REACHED";
    case absl::StatusCode::kUnavailable:
      return "NOT_NOW";
    case absl::StatusCode::kDataLoss:
      return "DAMAGED";
    case absl::StatusCode::kUnauthenticated:
      return "UNKNOWN_CALLER";
    case absl::StatusCode::kPermissionDenied:
      return "NOT_ALLOWED";
    default:
      return "OTHER";
  }
}

// "limits.max_attempts" of "limits.max_attempts: must be at least 1"; empty if it begins otherwise.
absl::string_view FieldOf(absl::string_view message) {
  const absl::string_view field = message.substr(0, message.find(": "));
  const bool is_path = std::all_of(field.begin(), field.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("_.[]", c);
  });
  return is_path && field.size() < message.size() ? field : "";
}

google::rpc::BadRequest ViolationsOf(const absl::Status& status) {
  google::rpc::BadRequest bad;
  if (const auto payload = status.GetPayload(kBadRequestUrl)) {
    bad.ParseFromString(std::string(*payload));
  } else if (const absl::string_view field = FieldOf(status.message()); !field.empty()) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(std::string(field));
    violation.set_description(AsUtf8(status.message().substr(field.size() + 2)));
  }
  while (bad.ByteSizeLong() > kMaxViolationsBytes) bad.mutable_field_violations()->RemoveLast();
  return bad;
}

google::rpc::Status DetailsOf(const absl::Status& status, absl::string_view message) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(CutUtf8(message, kMaxDetailsMessageBytes)));
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status.code()));
  info.set_domain(kDomain);
  details.add_details()->PackFrom(info);
  if (absl::IsInvalidArgument(status)) {
    const google::rpc::BadRequest bad = ViolationsOf(status);
    if (!bad.field_violations().empty()) details.add_details()->PackFrom(bad);
  }
  if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    details.add_details()->PackFrom(retry);
  }
  return details;
}

}  // namespace

void AddViolation(absl::string_view field, absl::string_view description, absl::Status& status) {
  google::rpc::BadRequest bad;
  if (const auto payload = status.GetPayload(kBadRequestUrl)) {
    if (payload->size() > kMaxViolationsBytes) return;  // it would be cut
    bad.ParseFromString(std::string(*payload));
  }
  auto& violation = *bad.add_field_violations();
  violation.set_field(AsUtf8(field));
  violation.set_description(AsUtf8(description));
  status.SetPayload(kBadRequestUrl, absl::Cord(bad.SerializeAsString()));
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = Bounded(status.message());
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      DetailsOf(status, message).SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace rnnfarm::base
