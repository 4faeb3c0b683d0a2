#include "client/temporary_folder.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace rnnfarm::client {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "rnnfarm-report-XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

absl::Status TemporaryFolder::NotMade() const {
  return absl::FailedPreconditionError(
      absl::StrCat("no temporary folder can be made in ", fs::temp_directory_path().string()));
}

}  // namespace rnnfarm::client
