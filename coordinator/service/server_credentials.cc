#include "coordinator/service/server_credentials.h"

#include <grpcpp/security/tls_credentials_options.h>

#include <utility>
#include <vector>

#include "base/credentials.h"
#include "coordinator/service/access.h"

namespace rnnfarm::service {
namespace {

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeTls(const ServerSecurity& security) {
  auto provider =
      base::WatchPemFiles(security.tls_certificate, security.tls_key, security.tls_client_ca);
  if (!provider.ok()) return provider.status();
  grpc::experimental::TlsServerCredentialsOptions options(*std::move(provider));
  options.watch_identity_key_cert_pairs();
  if (!security.tls_client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerSecurity& security) {
  const bool tls = !security.tls_certificate.empty() || !security.tls_key.empty();
  if (!tls && !security.tls_client_ca.empty()) {
    return absl::InvalidArgumentError(
        "tls_client_ca: clients show certificates over TLS only; give --tls_certificate and "
        "--tls_key too");
  }
  std::vector<Token> tokens;
  if (!security.tokens.empty()) {
    auto read = ReadTokens(security.tokens);
    if (!read.ok()) return read.status();
    tokens = *std::move(read);
  }
  const bool gated = !tokens.empty() || !security.tls_client_ca.empty();
  if (!tls && !gated) return grpc::InsecureServerCredentials();
  // gRPC aborts the process if insecure credentials are given a gate. Those of xDS take one, and
  // without xDS they are what they fall back to.
  auto credentials =
      tls ? MakeTls(security) : grpc::XdsServerCredentials(grpc::InsecureServerCredentials());
  if (credentials.ok() && gated) {
    (*credentials)->SetAuthMetadataProcessor(std::make_shared<Gate>(std::move(tokens)));
  }
  return credentials;
}

}  // namespace rnnfarm::service
