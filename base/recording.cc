#include "base/recording.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::base {
namespace {

constexpr char kZipSignature[] = "PK\x03\x04";
constexpr char kStates[] = "states";

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
  const absl::StatusOr<std::vector<double>> values = states->ToDoubles();
  if (!values.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", values.status().message()));
  }
  for (size_t i = 0; i < values->size(); ++i) {
    const double value = (*values)[i];
    if (std::abs(value) <= std::numeric_limits<float>::max()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        source, ": the recording is ", std::isfinite(value) ? "beyond float32" : "not finite",
        " at element ", i, "; expected finite numbers of float32's range"));
  }
  return states;
}

}  // namespace rnnfarm::base
