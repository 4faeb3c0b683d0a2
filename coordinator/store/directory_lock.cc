#include "coordinator/store/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::store {
namespace {

constexpr int kHolderTextBytes = 512;

std::string ReadHolder(int file) {
  char text[kHolderTextBytes];
  const ssize_t length = pread(file, text, sizeof(text), 0);
  if (length <= 0) return "another process";
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text, length)));
}

absl::Status WriteHolder(int file) {
  char host[256] = "?";
  gethostname(host, sizeof(host) - 1);
  const std::string text = absl::StrCat("process ", getpid(), " on ", host, "\n");
  if (ftruncate(file, 0) != 0 || pwrite(file, text.data(), text.size(), 0) != text.size()) {
    return absl::ErrnoToStatus(errno, "cannot write the store's holder file");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the store's folder ", directory, ": ", error.message(),
                     "; give a folder that this user may write to"));
  }
  const std::string path = directory + "/holder";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  auto lock = absl::WrapUnique(new DirectoryLock(file));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store ", directory, " is in use by ", ReadHolder(file),
        "; one coordinator at a time may have it open: stop that one, or give another folder"));
  }
  if (auto status = WriteHolder(file); !status.ok()) return status;
  return lock;
}

DirectoryLock::~DirectoryLock() { close(file_); }

}  // namespace rnnfarm::store
