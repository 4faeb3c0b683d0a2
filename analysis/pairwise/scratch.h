// A folder of intermediate results: what is lost of it costs time and nothing else. Every entry
// belongs to a key that says all that it depends on, so one that is found can be used.
//
// Thread-safe for different keys; of one process at a time.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_SCRATCH_H_
#define RNNFARM_ANALYSIS_PAIRWISE_SCRATCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {

class Scratch {
 public:
  static constexpr uint64_t kFreeSpaceFloor = uint64_t{1} << 30;  // bytes

  // Made when the first entry is written.
  explicit Scratch(std::string folder) : folder_(std::move(folder)) {}

  // Nothing if it is not there or damaged (archives carry checksums).
  std::optional<base::Archive> Find(const std::string& key) const;
  // What cannot be written is not kept, and the status says why; RESOURCE_EXHAUSTED if the disk
  // would have less than kFreeSpaceFloor left, which is for what cannot be computed again.
  absl::Status Keep(const std::string& key, const base::Archive& archive) const;
  // All of it.
  void Remove() const;
  const std::string& folder() const { return folder_; }

 private:
  std::string PathOf(const std::string& key) const;

  std::string folder_;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_SCRATCH_H_
