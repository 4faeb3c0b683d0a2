// What an exception of a library (libtorch, the standard library) means, as a status.
#ifndef RNNFARM_BASE_THROWN_H_
#define RNNFARM_BASE_THROWN_H_

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// RESOURCE_EXHAUSTED if memory ran out, of the machine or of its GPU; INTERNAL otherwise. The
// message is "<what> failed: " or "<what> ran out of memory: " and the first line of the
// exception's text.
absl::Status StatusOfThrown(absl::string_view what, const std::exception& error);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_THROWN_H_
