// Content digests: SHA-256 as 64 lower-case hexadecimal digits.
//
//   base::Digest digest;
//   digest.Update(chunk);
//   std::string hex = digest.Finish();
#ifndef RNNFARM_BASE_DIGEST_H_
#define RNNFARM_BASE_DIGEST_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

inline constexpr int kDigestHexLength = 64;

class Digest {
 public:
  Digest();
  ~Digest();
  void Update(absl::string_view bytes);
  // Once, after the last Update.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string DigestOf(absl::string_view bytes);
bool IsDigest(absl::string_view text);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_DIGEST_H_
