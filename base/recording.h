// Recorded activity, such as of neurons, that is compared with networks by its states.
#ifndef RNNFARM_BASE_RECORDING_H_
#define RNNFARM_BASE_RECORDING_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/array_file.h"

namespace rnnfarm::base {

// What stands for an architecture where an import is no network but a recording.
inline constexpr char kRecording[] = "recording";

// Of a .npy, or the array `states` of an .npz: trials x time x units, or samples x units, of any
// real type that is read. INVALID_ARGUMENT names what is missing, of another shape, no number that
// float32 can hold.
absl::StatusOr<Array> ReadRecording(absl::string_view bytes, absl::string_view source);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_RECORDING_H_
