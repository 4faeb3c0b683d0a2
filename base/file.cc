#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::base {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) return absl::InternalError(absl::StrCat(path, ": cannot be read"));
  return std::move(out).str();
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  const std::string beside = absl::StrCat(path, ".part");
  FILE* file = std::fopen(beside.c_str(), "wb");
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
                       std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  const int why = errno;
  if (std::fclose(file) != 0 || !written) {
    std::remove(beside.c_str());
    return absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(why)));
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return absl::InternalError(absl::StrCat(path, ": cannot be renamed: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::base
