// manifest.json: what lies in a folder of pulled results (docs/files.md).
#ifndef RNNFARM_CLIENT_MANIFEST_H_
#define RNNFARM_CLIENT_MANIFEST_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::client {

struct PulledFile {
  std::string path;  // relative to the folder
  std::string digest;
  int64_t size_bytes = 0;
  std::string made_from;  // MadeFrom of a file of a further format; empty for all others
};

// Whether a path that others name, a coordinator or a manifest, stays in the folder.
bool IsInside(const std::string& path);

// Digest of the files that another one is made from, of what else it tells, and of the build that
// makes it.
std::string MadeFrom(const std::vector<const PulledFile*>& sources, absl::string_view tells = "");

std::string ManifestText(const v1::Sweep& sweep, const std::vector<PulledFile>& files);

// Of a manifest's text, those of its files that were made from others, by path; none if it is not a
// manifest.
std::map<std::string, PulledFile> MadeFilesOf(const std::string& manifest);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_MANIFEST_H_
