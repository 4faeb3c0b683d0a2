#include "base/array_file.h"
#include "client/computing/computing.h"
#include "client/computing/torch_file.h"
#include "client/further_formats.h"

namespace rnnfarm::client {

absl::Status WriteTorchFiles(const std::vector<PulledFile>& files, PulledFolder& folder,
                             const PullOptions& options) {
  for (const PulledFile& file : files) {
    const std::string path = TorchPathOf(file);
    if (path.empty()) continue;
    const std::string made_from = MadeFrom({&file});
    if (folder.KeepMade(path, made_from)) continue;
    if (options.cancelled()) {
      return absl::CancelledError("interrupted; the next pull goes on here");
    }
    const absl::StatusOr<std::string> npz = base::ReadFile(folder.At(file.path));
    if (!npz.ok()) return npz.status();
    const absl::StatusOr<std::string> bytes = TorchFileOf(*npz, file.path);
    if (!bytes.ok()) return bytes.status();
    const absl::Status written = folder.Write(path, *bytes, made_from);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::client
