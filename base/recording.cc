#include "base/recording.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::base {
namespace {

constexpr char kZipSignature[] = "PK\x03\x04";
constexpr char kStates[] = "states";

bool IsReal(const Array& array) {
  return !absl::StartsWith(array.dtype, "<c") && !absl::StartsWith(array.dtype, "<U");
}

// Of finite numbers; integers are all within. -1 if there is none.
int64_t FirstBeyondFloat32(const Array& array) {
  const auto values = array.As<double>();
  if (!values.ok()) return -1;
  for (size_t i = 0; i < values->size(); ++i) {
    if (std::abs((*values)[i]) > std::numeric_limits<float>::max()) return static_cast<int64_t>(i);
  }
  return -1;
}

absl::StatusOr<Array> ReadStates(absl::string_view bytes, absl::string_view source) {
  if (!absl::StartsWith(bytes, kZipSignature)) return DecodeNpy(bytes, source);
  const absl::StatusOr<Archive> archive = Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  const absl::StatusOr<const Array*> states = archive->Find(kStates);
  if (!states.ok()) return states.status();
  return **states;
}

}  // namespace

absl::StatusOr<Array> ReadRecording(absl::string_view bytes, absl::string_view source) {
  absl::StatusOr<Array> states = ReadStates(bytes, source);
  if (!states.ok()) return states.status();
  const size_t rank = states->shape.size();
  if ((rank != 2 && rank != 3) || states->size() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": a recording is trials x time x units or samples x units; this is ",
                     states->Describe()));
  }
  if (!IsReal(*states)) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": expected real numbers, found type ", states->dtype));
  }
  if (const int64_t at = FirstNonFinite(*states); at >= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        source, ": the recording is not finite at element ", at, "; expected finite numbers"));
  }
  if (const int64_t at = FirstBeyondFloat32(*states); at >= 0) {
    return absl::InvalidArgumentError(absl::StrCat(source,
                                                   ": the recording is beyond float32 at element ",
                                                   at, "; as float32 the comparisons take it"));
  }
  return states;
}

}  // namespace rnnfarm::base
