#include "client/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/array_file.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

// Longer ones are some other file.
constexpr uintmax_t kMaxBytes = 64 << 10;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Resolved(const std::string& path, const fs::path& folder) {
  if (path.empty()) return path;
  const std::string home = Variable("HOME");
  if (absl::StartsWith(path, "~/") && !home.empty())
    return (fs::path(home) / path.substr(2)).string();
  return fs::path(path).is_absolute() ? path : (folder / path).string();
}

void ResolvePaths(const fs::path& folder, v1::ClientConfig& config) {
  if (config.has_tls_ca()) config.set_tls_ca(Resolved(config.tls_ca(), folder));
  if (config.has_tls_certificate()) {
    config.set_tls_certificate(Resolved(config.tls_certificate(), folder));
  }
  if (config.has_tls_key()) config.set_tls_key(Resolved(config.tls_key(), folder));
  if (config.has_token_file()) config.set_token_file(Resolved(config.token_file(), folder));
}

}  // namespace

std::string ConfigPath() {
  std::string folder = Variable("XDG_CONFIG_HOME");
  if (!absl::StartsWith(folder, "/")) {
    const std::string home = Variable("HOME");
    if (home.empty()) return "";
    folder = absl::StrCat(home, "/.config");
  }
  return absl::StrCat(folder, "/rnnfarm/config.textproto");
}

ConfigFile ParseConfig(absl::string_view text, const std::string& path) {
  ConfigFile file;
  file.source = path;
  ParsedText parsed;
  ParseText(text, file.config, parsed);
  file.errors = std::move(parsed.errors);
  const double timeout = file.config.timeout_seconds();
  if (file.config.has_timeout_seconds() &&
      !(timeout >= kLeastTimeoutSeconds && timeout <= kMostTimeoutSeconds)) {
    file.errors.push_back({parsed.where["timeout_seconds"],
                           absl::StrCat("timeout_seconds: ", timeout, " is not between ",
                                        kLeastTimeoutSeconds, " and ", kMostTimeoutSeconds)});
  }
  if (file.config.has_coordinator() && file.config.coordinator().empty()) {
    file.errors.push_back({parsed.where["coordinator"], "coordinator: an address is missing"});
  }
  std::stable_sort(file.errors.begin(), file.errors.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
  ResolvePaths(fs::path(path).parent_path(), file.config);
  return file;
}

ConfigFile ReadConfigFile(const std::string& path) {
  ConfigFile file;
  file.source = path;
  std::error_code failed;
  if (path.empty() || !fs::exists(path, failed)) return file;
  if (!fs::is_regular_file(path, failed) || fs::file_size(path, failed) > kMaxBytes) {
    file.errors.push_back({{}, absl::StrCat("is no file of at most ", kMaxBytes, " bytes")});
    return file;
  }
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (text.ok()) return ParseConfig(*text, path);
  file.errors.push_back({{}, std::string(absl::StripPrefix(text.status().message(), path + ": "))});
  return file;
}

std::string Describe(const ConfigFile& file) {
  std::string out;
  for (const Diagnostic& error : file.errors) {
    absl::StrAppend(&out, file.source, ":", error.at.line, ":", error.at.column, ": ",
                    error.message, "\n");
  }
  return out;
}

}  // namespace rnnfarm::client
