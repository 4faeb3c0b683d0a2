#include "client/global_options.h"

#include "absl/strings/str_cat.h"
#include "client/config.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

void AddCredentials(CLI::App& app, base::Credentials& credentials) {
  const auto file = [&app](const std::string& name, std::string& path, const std::string& variable,
                           const std::string& description) {
    app.add_option(name, path, description)->envname(variable)->type_name("FILE");
  };
  app.add_flag("--tls", credentials.tls, "Encrypt; implied by the other --tls options")
      ->envname("RNNFARM_TLS");
  file("--tls-ca", credentials.tls_ca, "RNNFARM_TLS_CA",
       "PEM file of the authorities that vouch for the coordinator");
  file("--tls-certificate", credentials.tls_certificate, "RNNFARM_TLS_CERTIFICATE",
       "PEM file of your certificate");
  file("--tls-key", credentials.tls_key, "RNNFARM_TLS_KEY", "PEM file of its private key");
  file("--token-file", credentials.token_file, "RNNFARM_TOKEN_FILE", "File of your token");
  app.add_flag("--insecure", credentials.insecure,
               "Send the token unencrypted beyond loopback, where the network is trusted")
      ->envname("RNNFARM_INSECURE");
}

// Puts `value` where the option was given neither as an argument nor in the environment.
template <typename Value, typename Target>
void Default(const CLI::App& app, const std::string& option, bool configured, const Value& value,
             Target& target) {
  if (configured && app.get_option(option)->count() == 0) target = value;
}

absl::Status Configure(const CLI::App& app, Program& program) {
  const ConfigFile file = ReadConfigFile(ConfigPath());
  if (!file.errors.empty()) {
    program.Say(Describe(file));
    return absl::InvalidArgumentError(
        absl::StrCat(file.errors.size(), file.errors.size() == 1 ? " error" : " errors",
                     " in the configuration; mend it or move it away"));
  }
  const v1::ClientConfig& config = file.config;
  base::Credentials& shown = program.credentials;
  Default(app, "--coordinator", config.has_coordinator(), config.coordinator(),
          program.coordinator);
  Default(app, "--timeout", config.has_timeout_seconds(), config.timeout_seconds(),
          program.timeout_seconds);
  Default(app, "--tls", config.has_tls(), config.tls(), shown.tls);
  Default(app, "--tls-ca", config.has_tls_ca(), config.tls_ca(), shown.tls_ca);
  Default(app, "--tls-certificate", config.has_tls_certificate(), config.tls_certificate(),
          shown.tls_certificate);
  Default(app, "--tls-key", config.has_tls_key(), config.tls_key(), shown.tls_key);
  Default(app, "--token-file", config.has_token_file(), config.token_file(), shown.token_file);
  Default(app, "--insecure", config.has_insecure(), config.insecure(), shown.insecure);
  return absl::OkStatus();
}

}  // namespace

void AddGlobalOptions(CLI::App& app, Program& program) {
  app.fallthrough();
  app.require_subcommand(1);
  app.add_option("--coordinator", program.coordinator, "Address of the coordinator")
      ->envname("RNNFARM_COORDINATOR")
      ->capture_default_str()
      ->type_name("ADDRESS");
  AddCredentials(app, program.credentials);
  app.add_option("--timeout", program.timeout_seconds, "Longest wait for one answer, seconds")
      ->envname("RNNFARM_TIMEOUT")
      ->check(Between(kLeastTimeoutSeconds, kMostTimeoutSeconds))
      ->capture_default_str()
      ->type_name("SECONDS");
  program.configure = [&app, &program] { return Configure(app, program); };
  app.footer(
      "Each of these is taken from the arguments, else from the environment variable that stands "
      "in its line, else from the configuration file "
      "$XDG_CONFIG_HOME/rnnfarm/config.textproto, by default "
      "~/.config/rnnfarm/config.textproto:\n\n"
      "  coordinator: \"farm.example.org:7070\"\n"
      "  tls_ca: \"ca.pem\"\n"
      "  token_file: \"token\"\n\n"
      "Exit codes: 0 ok, 1 failed, 2 usage or invalid file, 3 not found, 4 unreachable or "
      "deadline, 5 finished with failed jobs, 130 interrupted.\n\nExample:\n"
      "  rnnfarm sweep init laptop > laptop.textproto\n"
      "  rnnfarm run laptop.textproto --out results/laptop\n\n"
      "Tab completion: `source <(rnnfarm completion bash)` in ~/.bashrc.");
}

}  // namespace rnnfarm::client
