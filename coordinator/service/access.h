// Who may call what. One gate in front of every service, reflection included.
//
// Roles: `submitter` (people: sweeps and results), `worker` (jobs), `admin` (everything). A role
// comes from a bearer token or from the certificate that the client showed: its subject alternative
// names hold the DNS name ROLE.rnnfarm, such as worker.rnnfarm, or the URI rnnfarm://ROLE. Health
// is open to all.
//
// UNAUTHENTICATED without a role, PERMISSION_DENIED with the wrong one. Thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_ACCESS_H_
#define RNNFARM_COORDINATOR_SERVICE_ACCESS_H_

#include <grpcpp/security/auth_metadata_processor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::service {

// A set of roles, as bits.
using Roles = unsigned;
inline constexpr Roles kSubmitter = 1, kWorker = 2, kAdmin = 4;

// The name in tokens' lines and certificates; 0 for what is no role.
Roles RoleNamed(absl::string_view name);
// "submitter or admin".
std::string RolesText(Roles roles);

// Who may call "/package.Service/Method"; all bits for what is open to everybody with a role.
Roles RolesFor(absl::string_view method);

// The token itself is not kept.
struct Token {
  Roles role = 0;
  std::string digest;
};

// Lines "ROLE TOKEN", # begins a comment. INVALID_ARGUMENT names the line, also if
// others than the owner may read the file.
absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path);

class Gate : public grpc::AuthMetadataProcessor {
 public:
  explicit Gate(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // Runs on gRPC's own threads, since it never waits.
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  // In the same time for every token of one length.
  Roles RolesOfToken(const std::string& token) const;
  absl::StatusOr<Roles> RolesOfCall(const InputMetadata& metadata, const grpc::AuthContext& peer,
                                    OutputMetadata& consumed) const;

  const std::vector<Token> tokens_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_ACCESS_H_
