// A folder of pulled results: where its files lie, whose it is, and manifest.json, which stands in
// it only while everything that it lists is there.
//
//   PulledFolder folder("results/my");
//   absl::Status mine = folder.Claim(spec);
//   … fetch files to folder.At(path), calling folder.WillChange() before each change …
//   folder.Write("networks.csv", text);
//   folder.Finish(sweep);                     // manifest.json, last
#ifndef RNNFARM_CLIENT_PULLED_FOLDER_H_
#define RNNFARM_CLIENT_PULLED_FOLDER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "client/manifest.h"
#include "rnnfarm/v1/farm_service.pb.h"

namespace rnnfarm::client {

// Thread-safe.
class PulledFolder {
 public:
  explicit PulledFolder(std::string directory) : directory_(std::move(directory)) {}

  std::string At(absl::string_view path) const;
  // Whether the file lies there with its size and digest.
  bool Holds(const PulledFile& file) const;

  // OK if the folder is new, empty of results or holds results of the sweep called `name`;
  // FAILED_PRECONDITION otherwise.
  absl::Status Check(const std::string& name) const;
  // Check, what the manifest says of files made from others, then sweep.textproto, which marks the
  // folder as that sweep's.
  absl::Status Claim(const v1::SweepSpec& spec);

  // To be called before a file is replaced or added: takes manifest.json away.
  void WillChange();
  // Lists a file that is there.
  void Add(const PulledFile& file);
  // Lists a file by its bytes on disk.
  absl::Status AddMade(const std::string& path);
  // Puts the complete file `from` (a path of its own) at `path`, where other bytes are there, and
  // lists it.
  absl::Status Adopt(const std::string& from, const std::string& path,
                     const std::string& made_from = "");
  // Writes a file, where its bytes are others than those there, and lists it.
  absl::Status Write(const std::string& path, absl::string_view bytes,
                     const std::string& made_from = "");
  // Lists the file again if it lies there as the manifest that Claim found lists it, made from just
  // this; false if it is to be made anew.
  bool KeepMade(const std::string& path, const std::string& made_from);
  bool Lists(const std::string& path);
  // Files made from others that the manifest which Claim found lists, whether they are still there.
  std::vector<std::string> MadeEarlier() const;
  // Of a file that is not listed.
  void Remove(const std::string& path);
  // Writes manifest.json with all that was listed, in that order.
  absl::Status Finish(const v1::Sweep& sweep);

 private:
  const std::string directory_;
  std::mutex mutex_;
  bool changed_ = false;           // guarded by mutex_
  std::vector<PulledFile> files_;  // guarded by mutex_
  std::set<std::string> listed_;   // their paths; guarded by mutex_
  std::map<std::string, PulledFile> earlier_;
};

// Feeds the file's bytes to `digest`; returns how many, or -1 if it cannot be read.
int64_t HashFile(const std::string& path, base::Digest& digest);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PULLED_FOLDER_H_
