#include "coordinator/service/access.h"

#include <openssl/crypto.h>

#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/credentials.h"
#include "base/digest.h"
#include "base/status_grpc.h"

namespace rnnfarm::service {
namespace {

constexpr char kHealth[] = "/grpc.health.v1.Health/";
constexpr char kSubjectNames[] = "x509_subject_alternative_name";
constexpr Roles kAnyRole = kSubmitter | kWorker | kAdmin;

constexpr struct {
  Roles role;
  absl::string_view name;
} kRoles[] = {{kSubmitter, "submitter"}, {kWorker, "worker"}, {kAdmin, "admin"}};

// The first prefix that fits decides.
constexpr struct {
  absl::string_view prefix;
  Roles roles;
  absl::string_view deed;  // what those who may not are told that they may not
} kRules[] = {
    {"/rnnfarm.v1.FarmService/GetVersion", kAnyRole, "ask for the coordinator's version"},
    {"/rnnfarm.v1.FarmService/SubmitSweep", kSubmitter | kAdmin, "submit sweeps"},
    {"/rnnfarm.v1.FarmService/CancelSweep", kSubmitter | kAdmin, "cancel sweeps"},
    {"/rnnfarm.v1.FarmService/PauseSweep", kSubmitter | kAdmin, "pause sweeps"},
    {"/rnnfarm.v1.FarmService/ResumeSweep", kSubmitter | kAdmin, "resume sweeps"},
    {"/rnnfarm.v1.FarmService/DeleteSweep", kSubmitter | kAdmin, "delete sweeps"},
    {"/rnnfarm.v1.FarmService/RetryJobs", kSubmitter | kAdmin, "retry jobs"},
    {"/rnnfarm.v1.FarmService/DrainWorker", kAdmin, "drain workers"},
    {"/rnnfarm.v1.FarmService/", kSubmitter | kAdmin, "see sweeps, networks, jobs and workers"},
    {"/rnnfarm.v1.WorkerService/", kWorker | kAdmin, "take jobs and report them"},
    {"/rnnfarm.v1.ArtifactService/Upload", kAnyRole, "send files"},
    {"/rnnfarm.v1.ArtifactService/", kAnyRole, "fetch files"},
    {"/grpc.reflection.", kAnyRole, "ask what can be called"},
};

absl::string_view DeedOf(absl::string_view method) {
  for (const auto& rule : kRules) {
    if (absl::StartsWith(method, rule.prefix)) return rule.deed;
  }
  return "call this";
}

absl::string_view Text(grpc::string_ref text) { return {text.data(), text.size()}; }

Roles RolesOfCertificate(const grpc::AuthContext& peer) {
  Roles roles = 0;
  for (const grpc::string_ref& value : peer.FindPropertyValues(kSubjectNames)) {
    absl::string_view name = Text(value);
    if (absl::ConsumeSuffix(&name, ".rnnfarm") || absl::ConsumePrefix(&name, "rnnfarm://")) {
      roles |= RoleNamed(name);
    }
  }
  return roles;
}

absl::StatusOr<Token> ParseToken(absl::string_view line) {
  const std::vector<std::string> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.size() != 2) {
    return absl::InvalidArgumentError("expected a role and a token, such as \"worker 5f3a…\"");
  }
  const Roles role = RoleNamed(words[0]);
  if (role == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no role \"", words[0], "\"; the roles are ", RolesText(kAnyRole)));
  }
  if (words[1].size() < base::kMinTokenBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token has ", words[1].size(), " characters; at least ",
                     base::kMinTokenBytes, " are needed, `openssl rand -hex 32` makes a good one"));
  }
  return Token{role, base::DigestOf(words[1])};
}

}  // namespace

Roles RoleNamed(absl::string_view name) {
  for (const auto& role : kRoles) {
    if (role.name == name) return role.role;
  }
  return 0;
}

std::string RolesText(Roles roles) {
  std::vector<absl::string_view> names;
  for (const auto& role : kRoles) {
    if (roles & role.role) names.push_back(role.name);
  }
  return names.empty() ? "none" : absl::StrJoin(names, " or ");
}

Roles RolesFor(absl::string_view method) {
  for (const auto& rule : kRules) {
    if (absl::StartsWith(method, rule.prefix)) return rule.roles;
  }
  return kAnyRole;
}

absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path) {
  auto text = base::ReadSecretFile(path);
  if (!text.ok()) return text.status();
  std::vector<Token> tokens;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    auto token = ParseToken(line);
    if (!token.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": ", std::string(token.status().message())));
    }
    tokens.push_back(*std::move(token));
  }
  if (tokens.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no token"));
  return tokens;
}

Roles Gate::RolesOfToken(const std::string& token) const {
  const std::string digest = base::DigestOf(token);
  Roles roles = 0;
  for (const Token& known : tokens_) {
    const bool same = CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0;
    roles |= known.role * same;
  }
  return roles;
}

absl::StatusOr<Roles> Gate::RolesOfCall(const InputMetadata& metadata,
                                        const grpc::AuthContext& peer,
                                        OutputMetadata& consumed) const {
  Roles roles = RolesOfCertificate(peer);
  const auto [first, last] = metadata.equal_range("authorization");
  if (first == last || tokens_.empty()) return roles;
  absl::string_view header = Text(first->second);
  consumed.emplace("authorization", std::string(header));
  if (std::next(first) != last || !absl::ConsumePrefix(&header, "Bearer ")) {
    return absl::UnauthenticatedError("authorization: must be \"Bearer TOKEN\", once");
  }
  const Roles by_token = RolesOfToken(std::string(header));
  if (by_token == 0) {
    return absl::UnauthenticatedError(
        "authorization: the coordinator does not know this token; give the file of another with "
        "--token-file");
  }
  return roles | by_token;
}

grpc::Status Gate::Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                           OutputMetadata* consumed, OutputMetadata* /*response*/) {
  const auto path = metadata.find(":path");
  const absl::string_view method = path == metadata.end() ? "" : Text(path->second);
  if (absl::StartsWith(method, kHealth)) return grpc::Status::OK;
  const auto roles = RolesOfCall(metadata, *peer, *consumed);
  if (!roles.ok()) return base::ToGrpc(roles.status());
  const Roles needed = RolesFor(method);
  if (*roles & needed) return grpc::Status::OK;
  if (*roles == 0 && !tokens_.empty()) {
    return base::ToGrpc(absl::UnauthenticatedError(absl::StrCat(
        "authorization: without a token nobody may ", DeedOf(method), "; that needs the role ",
        RolesText(needed), ": give the file of such a token with --token-file")));
  }
  // A certificate that is vouched for but names no role ends here too.
  return base::ToGrpc(absl::PermissionDeniedError(
      absl::StrCat(*roles == 0 ? "a caller without a role"
                               : absl::StrCat("a caller of the role ", RolesText(*roles)),
                   " may not ", DeedOf(method), "; that needs the role ", RolesText(needed),
                   ": call with the token or the certificate of such a role")));
}

}  // namespace rnnfarm::service
