#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/array_file.h"
#include "client/computing/computing.h"
#include "client/computing/torch_file.h"

namespace rnnfarm::client {

absl::Status WriteTorchFiles(const std::vector<PulledFile>& files, PulledFolder& folder,
                             const PullOptions& options) {
  for (const PulledFile& file : files) {
    if (!absl::StrContains(file.path, "/networks/")) continue;
    if (options.cancelled()) {
      return absl::CancelledError("interrupted; the next pull goes on here");
    }
    const absl::StatusOr<std::string> npz = base::ReadFile(folder.At(file.path));
    if (!npz.ok()) return npz.status();
    const absl::StatusOr<std::string> bytes = TorchFileOf(*npz, file.path);
    if (!bytes.ok()) return bytes.status();
    const absl::Status written =
        folder.Write(absl::StrCat(absl::StripSuffix(file.path, ".npz"), ".pt"), *bytes);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::client
