#include "base/digest.h"

#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace rnnfarm::base {

namespace {

// Looked up once: EVP_sha256() is looked up again for each digest, which costs more than a short
// one.
const EVP_MD* Sha256() {
  static const EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return sha256;
}

}  // namespace

struct Digest::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Digest::Digest() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex(context_->evp, Sha256(), nullptr);
}

Digest::~Digest() = default;

void Digest::Update(absl::string_view bytes) {
  EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size());
}

std::string Digest::Finish() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context_->evp, out, &length);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(out), length));
}

std::string DigestOf(absl::string_view bytes) {
  Digest digest;
  digest.Update(bytes);
  return digest.Finish();
}

bool IsDigest(absl::string_view text) {
  return text.size() == kDigestHexLength && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace rnnfarm::base
