// Channels to a coordinator, all with the same keepalive and limits.
//
//   std::shared_ptr<grpc::Channel> channel = base::MakeChannel("127.0.0.1:7070");
//   auto stub = v1::FarmService::NewStub(channel);
//
// Do not destroy the last reference inside a gRPC callback.
#ifndef RNNFARM_BASE_CHANNEL_H_
#define RNNFARM_BASE_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// Both sides must agree on these: a server that pings are too frequent for answers GOAWAY.
inline constexpr int kKeepaliveTimeMs = 20'000;
inline constexpr int kKeepaliveTimeoutMs = 10'000;
inline constexpr int kKeepaliveServerMinimumMs = 10'000;
// Of one message. Bulk data travels in chunks of kTransferChunkBytes; lists are paged.
inline constexpr int kMaxMessageBytes = 16 << 20;
inline constexpr int kTransferChunkBytes = 256 << 10;
// Calls open at once on one connection, the parked Syncs of many workers behind it included.
inline constexpr int kMaxStreamsPerConnection = 1024;
// From a connection's first byte to the end of its handshakes.
inline constexpr int kHandshakeTimeoutMs = 20'000;
// Longest pause between two attempts to connect; a coordinator's restart takes seconds.
inline constexpr int kMaxReconnectBackoffMs = 5'000;

struct ChannelOptions {
  // Null: plain text.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  // Channels to one address share a connection unless this is set, which keeps bulk data from
  // delaying heartbeats.
  bool own_connection = false;
  // Sent with every call as "authorization: Bearer TOKEN" unless empty.
  std::string token;
};

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ChannelOptions& options = {});

// Whether HOST:PORT or "unix:" and a path can be reached from this machine alone.
bool IsLoopback(absl::string_view address);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_CHANNEL_H_
