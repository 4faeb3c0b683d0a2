#include "base/status_grpc.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace rnnfarm::base {
namespace {

constexpr char kCutMark[] = " … (cut)";

std::string Bounded(absl::string_view message) {
  std::string whole = AsUtf8(message);
  if (whole.size() <= kMaxStatusMessageBytes) return whole;
  return absl::StrCat(CutUtf8(whole, kMaxStatusMessageBytes - sizeof(kCutMark)), kCutMark);
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), Bounded(status.message()));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace rnnfarm::base
