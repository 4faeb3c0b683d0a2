#include "base/credentials.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::base {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::Status BadFile(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

absl::StatusOr<Certificate> FirstCertificate(const std::string& path) {
  auto text = ReadFile(path);
  if (!text.ok()) return BadFile(path, "cannot be read; give a PEM file of certificates");
  Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), BIO_free);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  ERR_clear_error();
  if (!certificate) return BadFile(path, "holds no certificate in PEM form");
  return certificate;
}

absl::Status CheckPair(const std::string& certificate_path, const std::string& key_path) {
  auto certificate = FirstCertificate(certificate_path);
  if (!certificate.ok()) return certificate.status();
  auto text = ReadSecretFile(key_path);
  if (!text.ok()) return text.status();
  Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), BIO_free);
  // The empty pass phrase keeps an encrypted key from asking on a terminal.
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")),
          EVP_PKEY_free);
  const bool match = key && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (!key) return BadFile(key_path, "holds no private key in PEM form without a pass phrase");
  if (!match) {
    return BadFile(key_path, absl::StrCat("is not the key of the certificate ", certificate_path));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  auto text = ReadSecretFile(path);
  if (!text.ok()) return text.status();
  std::string token(absl::StripAsciiWhitespace(*text));
  for (const char c : token) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return BadFile(path, "a token file holds one token and nothing else, without spaces");
    }
  }
  if (token.size() < kMinTokenBytes) {
    return BadFile(path, absl::StrCat("the token has ", token.size(), " characters; at least ",
                                      kMinTokenBytes, " are needed"));
  }
  return token;
}

bool Encrypts(const Credentials& credentials) {
  return credentials.tls || !credentials.tls_ca.empty() || !credentials.tls_certificate.empty() ||
         !credentials.tls_key.empty();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeTls(const Credentials& credentials) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  const bool own = !credentials.tls_certificate.empty() || !credentials.tls_key.empty();
  if (own || !credentials.tls_ca.empty()) {
    auto provider =
        WatchPemFiles(credentials.tls_certificate, credentials.tls_key, credentials.tls_ca);
    if (!provider.ok()) return provider.status();
    options.set_certificate_provider(*std::move(provider));
    if (own) options.watch_identity_key_cert_pairs();
    if (!credentials.tls_ca.empty()) options.watch_root_certs();
  }
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return BadFile(path, "there is no such file");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": holds a secret that others than its owner may read; run chmod 600 ", path));
  }
  auto text = ReadFile(path);
  if (!text.ok()) return BadFile(path, "cannot be read by this user");
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::experimental::CertificateProviderInterface>> WatchPemFiles(
    const std::string& certificate, const std::string& key, const std::string& authorities) {
  if (certificate.empty() != key.empty()) {
    return absl::InvalidArgumentError(
        "tls_certificate, tls_key: one is of no use without the other");
  }
  if (!certificate.empty()) {
    if (auto status = CheckPair(certificate, key); !status.ok()) return status;
  }
  if (!authorities.empty()) {
    if (auto first = FirstCertificate(authorities); !first.ok()) return first.status();
  }
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      key, certificate, authorities, kCertificateRefreshSeconds);
}

absl::StatusOr<ChannelOptions> MakeChannelOptions(const std::string& address,
                                                  const Credentials& credentials) {
  ChannelOptions options;
  if (!credentials.token_file.empty()) {
    auto token = ReadToken(credentials.token_file);
    if (!token.ok()) return token.status();
    options.token = *std::move(token);
  }
  if (Encrypts(credentials)) {
    auto tls = MakeTls(credentials);
    if (!tls.ok()) return tls.status();
    options.credentials = *std::move(tls);
  } else if (!options.token.empty() && !credentials.insecure && !IsLoopback(address)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token of ", credentials.token_file, " would travel to ", address,
                     " unencrypted; encrypt with --tls (and --tls-ca FILE), or allow it with "
                     "--insecure where the network is trusted"));
  }
  return options;
}

}  // namespace rnnfarm::base
