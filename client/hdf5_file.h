// Arrays in an HDF5 file as h5py writes and reads them: complex numbers as pairs (r, i), truth
// values as the enumeration FALSE, TRUE, texts as UTF-8 of any length.
//
//   auto file = Hdf5File::Create("results.h5");
//   status.Update((*file)->Add("networks/KEY/weight_hh_l0", array));
//   status.Update((*file)->Close());
//
// No time is recorded: the same arrays in the same order give the same bytes. Thread-hostile, as
// libhdf5 is: one thread of the program at a time.
#ifndef RNNFARM_CLIENT_HDF5_FILE_H_
#define RNNFARM_CLIENT_HDF5_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/array_file.h"

namespace rnnfarm::client {

class Hdf5File {
 public:
  // Replaces what is at `path`.
  static absl::StatusOr<std::unique_ptr<Hdf5File>> Create(const std::string& path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  // Groups on the way to `name` ("group/name") are made.
  absl::Status Add(const std::string& name, const base::Array& array);
  absl::Status Add(const std::string& name, const std::vector<std::string>& texts);
  absl::Status AddText(const std::string& name, const std::string& text);
  // Of the whole file.
  absl::Status SetAttribute(const std::string& name, const std::string& text);
  // The file is complete only after an OK.
  absl::Status Close();

 private:
  Hdf5File(std::string path, int64_t file) : path_(std::move(path)), file_(file) {}
  absl::Status Failed(const std::string& name) const;
  absl::Status Write(const std::string& name, int64_t type, int64_t space, const void* data);

  const std::string path_;
  int64_t file_;  // libhdf5's handle; negative once closed
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_HDF5_FILE_H_
