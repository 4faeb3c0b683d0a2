// What a program shows to the other side of a connection, and what it takes the other side for: PEM
// files and a token, all named by path.
//
//   base::Credentials credentials;
//   credentials.tls_ca = "/etc/rnnfarm/ca.pem";
//   credentials.token_file = "/etc/rnnfarm/token";
//   absl::StatusOr<base::ChannelOptions> options = base::MakeChannelOptions(address, credentials);
//
// Errors name the file and the remedy.
#ifndef RNNFARM_BASE_CREDENTIALS_H_
#define RNNFARM_BASE_CREDENTIALS_H_

#include <grpcpp/security/tls_certificate_provider.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/channel.h"

namespace rnnfarm::base {

inline constexpr size_t kMinTokenBytes = 16;
// Changed PEM files take effect on new connections after at most this long.
inline constexpr unsigned kCertificateRefreshSeconds = 10;

// A client's. Every path may be empty.
struct Credentials {
  // Encrypts; implied by each of the three files that follow.
  bool tls = false;
  std::string tls_ca;           // who may vouch for the coordinator; empty: the system's
  std::string tls_certificate;  // of this client, with its key
  std::string tls_key;
  std::string token_file;
  // Sends the token over plain text beyond loopback, where the network is trusted.
  bool insecure = false;
};

// INVALID_ARGUMENT rather than showing a token to whoever listens on the way.
absl::StatusOr<ChannelOptions> MakeChannelOptions(const std::string& address,
                                                  const Credentials& credentials);

// The lines of a file of secrets; INVALID_ARGUMENT if others than its owner may read it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Watches PEM files; each may be empty, but a certificate needs its key. INVALID_ARGUMENT for files
// that can never work.
absl::StatusOr<std::shared_ptr<grpc::experimental::CertificateProviderInterface>> WatchPemFiles(
    const std::string& certificate, const std::string& key, const std::string& authorities);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_CREDENTIALS_H_
