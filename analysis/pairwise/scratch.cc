#include "analysis/pairwise/scratch.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rnnfarm::analysis {

namespace fs = std::filesystem;

std::string Scratch::PathOf(const std::string& key) const {
  return (fs::path(folder_) / (key + ".npz")).string();
}

std::optional<base::Archive> Scratch::Find(const std::string& key) const {
  auto bytes = base::ReadFile(PathOf(key));
  if (!bytes.ok()) return std::nullopt;
  auto archive = base::Archive::Decode(*bytes, key);
  if (!archive.ok()) return std::nullopt;
  return *std::move(archive);
}

absl::Status Scratch::Keep(const std::string& key, const base::Archive& archive) const {
  auto bytes = archive.Encode();
  if (!bytes.ok()) return bytes.status();
  std::error_code ignored;  // WriteFile tells what comes of it
  fs::create_directories(folder_, ignored);
  const fs::space_info space = fs::space(folder_, ignored);
  if (!ignored && space.available < bytes->size() + kFreeSpaceFloor) {
    return absl::ResourceExhaustedError(absl::StrCat(folder_, ": the disk is nearly full"));
  }
  return base::WriteFile(PathOf(key), *bytes);
}

void Scratch::Remove() const {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace rnnfarm::analysis
