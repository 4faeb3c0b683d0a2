// Amounts of memory as people write and read them.
#ifndef RNNFARM_BASE_MEMORY_SIZE_H_
#define RNNFARM_BASE_MEMORY_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// Bytes of "4GiB", "512M" or "1.5g": units of 1024, with or without "iB" or "B", in either case; a
// number alone is GiB. INVALID_ARGUMENT shows the form. 0 or empty: no limit.
absl::StatusOr<int64_t> ParseMemory(absl::string_view text);
// "64.2 MiB".
std::string MemoryText(int64_t bytes);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_MEMORY_SIZE_H_
