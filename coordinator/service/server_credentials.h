// What the coordinator's listener shows and asks for.
#ifndef RNNFARM_COORDINATOR_SERVICE_SERVER_CREDENTIALS_H_
#define RNNFARM_COORDINATOR_SERVICE_SERVER_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rnnfarm::service {

// Paths of files, each may be empty. PEM files are read again when they change, tokens are not.
struct ServerSecurity {
  std::string tls_certificate;
  std::string tls_key;
  // Clients must show a certificate that these authorities vouch for.
  std::string tls_client_ca;
  std::string tokens;

  // Whether calls are encrypted and their callers known.
  bool Protects() const {
    return !tls_certificate.empty() && (!tls_client_ca.empty() || !tokens.empty());
  }
};

// INVALID_ARGUMENT naming flag or file for what can never work.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerSecurity& security);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SERVER_CREDENTIALS_H_
