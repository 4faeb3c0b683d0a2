// A folder of results that nobody keeps; gone with the object.
#ifndef RNNFARM_CLIENT_TEMPORARY_FOLDER_H_
#define RNNFARM_CLIENT_TEMPORARY_FOLDER_H_

#include <string>

#include "absl/status/status.h"

namespace rnnfarm::client {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }  // empty if it could not be made
  // Why it has no path.
  absl::Status NotMade() const;

 private:
  std::string path_;
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_TEMPORARY_FOLDER_H_
