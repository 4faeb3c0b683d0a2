// Sweep files: what a person writes, checked as a whole before anything is created.
//
//   SweepFile file = ReadSweepFile("universality.textproto");
//   if (!file.errors.empty()) err << file.Describe();      // file:line:column: message
#ifndef RNNFARM_CLIENT_SWEEP_FILE_H_
#define RNNFARM_CLIENT_SWEEP_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/sweep_source.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::client {

inline constexpr int64_t kMaxSweepFileBytes = int64_t{16} << 20;

struct SweepFile {
  std::string source;              // the path, as given
  v1::SweepSpec spec;              // as written, with the digests of the files that it names
  std::vector<Diagnostic> errors;  // in order of position
  // Digest to path of the files that the sweep names: data sets and imports.
  std::map<std::string, std::string> attachments;

  // Every error as a line `file:line:column: message`.
  std::string Describe() const;
};

// A name that ends in ".json" is read as proto3 JSON, everything else as protobuf text. `settings`
// are path=value changes (SetField) applied before the check. A file that cannot be read is an
// error at 1:1.
SweepFile ReadSweepFile(const std::string& path, const std::vector<std::string>& settings = {});

// The same of text; files that it names are looked for relative to `source`'s folder.
SweepFile ParseSweep(absl::string_view text, const std::string& source,
                     const std::vector<std::string>& settings = {});

// "training.iterations=500", "grid.units=[64,128]" (replaces the whole list) or
// "task[0].flip_flop.bits=2". INVALID_ARGUMENT names the part that is wrong.
absl::Status SetField(absl::string_view setting, v1::SweepSpec& spec);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_SWEEP_FILE_H_
