#include "coordinator/service/reply_bytes.h"

#include <type_traits>
#include <variant>

namespace rnnfarm::service {
namespace {

template <size_t kind>
bool DecodeKind(absl::string_view bytes, Reply& reply) {
  if constexpr (kind == std::variant_size_v<Reply>) {
    return false;
  } else {
    if (bytes[0] != '0' + kind) return DecodeKind<kind + 1>(bytes, reply);
    auto& message = reply.emplace<kind>();
    if constexpr (kind > 0) {
      return message.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size()) - 1);
    }
    return true;
  }
}

}  // namespace

// Kind of the reply, then its message.
std::string EncodeReply(const Reply& reply) {
  std::string bytes(1, static_cast<char>('0' + reply.index()));
  std::visit(
      [&](const auto& message) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(message)>, std::monostate>) {
          message.AppendToString(&bytes);
        }
      },
      reply);
  return bytes;
}

absl::StatusOr<Reply> DecodeReply(absl::string_view bytes) {
  Reply reply;
  if (bytes.empty() || !DecodeKind<0>(bytes, reply)) {
    return absl::DataLossError("the stored answer to this request is damaged");
  }
  return reply;
}

}  // namespace rnnfarm::service
