#include "base/thrown.h"

#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::base {
namespace {

// libtorch has one type of exception for everything; its allocators are known by their words.
constexpr absl::string_view kOutOfMemory[] = {"can't allocate memory", "not enough memory",
                                              "out of memory", "CUBLAS_STATUS_ALLOC_FAILED"};

bool IsOutOfMemory(const std::exception& error, absl::string_view text) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  for (const absl::string_view words : kOutOfMemory) {
    if (absl::StrContains(text, words)) return true;
  }
  return false;
}

}  // namespace

absl::Status StatusOfThrown(absl::string_view what, const std::exception& error) {
  // libtorch appends a stack trace.
  absl::string_view text = error.what();
  text = text.substr(0, text.find('\n'));
  if (IsOutOfMemory(error, text)) {
    return absl::ResourceExhaustedError(absl::StrCat(what, " ran out of memory: ", text));
  }
  return absl::InternalError(absl::StrCat(what, " failed: ", text));
}

}  // namespace rnnfarm::base
