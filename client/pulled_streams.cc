#include "client/pulled_streams.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/artifact_transfer.h"
#include "base/digest.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

absl::Status NotWritten(const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat(path, " cannot be written"));
}

absl::Status Unwritable(const std::string& part) {
  return absl::ResourceExhaustedError(absl::StrCat(part, " cannot be written; is the disk full?"));
}

class Streams {
 public:
  Streams(const Farm& farm, const std::vector<PulledFile>& files, PulledFolder& folder,
          const PullOptions& options, PullSummary& summary)
      : farm_(farm), files_(files), folder_(folder), options_(options), summary_(summary) {
    progress_.all_files = static_cast<int64_t>(files.size());
    for (const PulledFile& file : files) progress_.all_bytes += file.size_bytes;
  }

  absl::Status Run() {
    const size_t count =
        std::clamp<size_t>(options_.streams, 1, std::max<size_t>(1, files_.size()));
    std::vector<std::thread> others;
    for (size_t i = 1; i < count; ++i) others.emplace_back([this] { Work(); });
    Work();
    for (std::thread& other : others) other.join();
    return end_;
  }

 private:
  bool Stopped() const { return stopped_ || options_.cancelled(); }

  void Work() {
    for (size_t i = next_++; i < files_.size(); i = next_++) {
      if (Stopped()) return End(absl::CancelledError("interrupted; the next pull goes on here"));
      bool fetched = false;
      const absl::Status status = Bring(files_[i], fetched);
      if (!status.ok()) return End(status);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (fetched) ++summary_.fetched;
      ++progress_.files;
      options_.progress(progress_);
    }
  }

  // Of several ends the first one is why the others came.
  void End(const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (end_.ok()) end_ = status;
    stopped_ = true;
  }

  // Bytes that came to lie in the folder, or were thrown away.
  void Count(int64_t bytes, int64_t fetched) {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_.bytes += bytes;
    progress_.fetched_bytes += fetched;
    summary_.bytes = progress_.fetched_bytes;
    options_.progress(progress_);
  }

  absl::Status Bring(const PulledFile& file, bool& fetched) {
    if (folder_.Holds(file)) {
      Count(file.size_bytes, 0);
      return absl::OkStatus();
    }
    folder_.WillChange();
    fetched = true;
    const std::string target = folder_.At(file.path);
    std::error_code failed;
    fs::create_directories(fs::path(target).parent_path(), failed);
    const std::string part = target + ".part";
    absl::Status status = Fetch(file, part);
    // The part may be of an older result: once more from the beginning.
    if (absl::IsDataLoss(status)) status = Fetch(file, part);
    if (!status.ok()) return status;
    fs::rename(part, target, failed);
    return failed ? NotWritten(target) : absl::OkStatus();
  }

  // Goes on with what is in `part`; what does not match in the end is thrown away.
  absl::Status Fetch(const PulledFile& file, const std::string& part) {
    std::error_code failed;
    if (fs::exists(part) && fs::file_size(part, failed) > static_cast<uintmax_t>(file.size_bytes)) {
      fs::remove(part, failed);
    }
    base::Digest digest;
    const int64_t offset = std::max<int64_t>(0, HashFile(part, digest));
    int64_t size = offset;
    Count(offset, 0);
    if (offset == file.size_bytes) {  // cut after the last byte
      if (digest.Finish() == file.digest) return absl::OkStatus();
      fs::remove(part, failed);
      Count(-size, 0);
      return absl::DataLossError(absl::StrCat(part, " does not match its digest"));
    }
    std::ofstream out(part, std::ios::binary | std::ios::app);
    if (!out) return NotWritten(part);
    base::TransferOptions transfer;
    transfer.cancelled = [this] { return Stopped(); };
    const absl::Status fetched = base::DownloadArtifactTo(
        farm_.artifacts(), file.digest, offset, digest,
        [&](absl::string_view chunk) {
          out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
          if (!out) return Unwritable(part);
          const int64_t bytes = static_cast<int64_t>(chunk.size());
          size += bytes;
          Count(bytes, bytes);
          return absl::OkStatus();
        },
        transfer);
    out.close();
    // Some bytes may have waited until now.
    if (fetched.ok() && !out) return Unwritable(part);
    if (absl::IsDataLoss(fetched)) {
      fs::remove(part, failed);
      Count(-size, 0);
    }
    return farm_.ExplainTransfer(fetched);
  }

  const Farm& farm_;
  const std::vector<PulledFile>& files_;
  PulledFolder& folder_;
  const PullOptions& options_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  // guards what follows and the calls of progress
  PullSummary& summary_;
  PullProgress progress_;
  absl::Status end_;
};

}  // namespace

absl::Status FetchFiles(const Farm& farm, const std::vector<PulledFile>& files,
                        PulledFolder& folder, const PullOptions& options, PullSummary& summary) {
  summary.files = static_cast<int64_t>(files.size());
  return Streams(farm, files, folder, options, summary).Run();
}

}  // namespace rnnfarm::client
