#include "client/manifest.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/build_info.h"
#include "base/digest.h"
#include "base/logging.h"

namespace rnnfarm::client {

bool IsInside(const std::string& path) {
  if (path.empty() || path[0] == '/' || path.find('\\') != std::string::npos) return false;
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

std::string MadeFrom(const std::vector<const PulledFile*>& sources, absl::string_view tells) {
  std::string text = absl::StrCat(base::BuildText(), "\n", tells, "\n");
  for (const PulledFile* source : sources) {
    absl::StrAppend(&text, source->digest, " ", source->path, "\n");
  }
  return base::DigestOf(text);
}

std::string ManifestText(const v1::Sweep& sweep, const std::vector<PulledFile>& files) {
  std::string text =
      absl::StrCat("{\n \"sweep\": \"", base::JsonEscaped(sweep.spec().name()),
                   "\",\n \"spec_digest\": \"", sweep.spec_digest(), "\",\n \"build\": \"",
                   base::JsonEscaped(base::BuildText()), "\",\n \"files\": [");
  for (size_t i = 0; i < files.size(); ++i) {
    absl::StrAppend(&text, i > 0 ? ",\n  " : "\n  ", "{\"path\": \"",
                    base::JsonEscaped(files[i].path), "\", \"sha256\": \"", files[i].digest,
                    "\", \"size_bytes\": ", files[i].size_bytes);
    if (!files[i].made_from.empty()) {
      absl::StrAppend(&text, ", \"made_from\": \"", files[i].made_from, "\"");
    }
    absl::StrAppend(&text, "}");
  }
  return text + "\n ]\n}\n";
}

std::map<std::string, PulledFile> MadeFilesOf(const std::string& manifest) {
  std::map<std::string, PulledFile> made;
  google::protobuf::Struct json;
  if (!google::protobuf::util::JsonStringToMessage(manifest, &json).ok()) return made;
  const auto files = json.fields().find("files");
  if (files == json.fields().end()) return made;
  for (const google::protobuf::Value& entry : files->second.list_value().values()) {
    const auto& fields = entry.struct_value().fields();
    const auto text = [&fields](const char* name) {
      const auto found = fields.find(name);
      return found == fields.end() ? std::string() : found->second.string_value();
    };
    const auto size = fields.find("size_bytes");
    if (text("made_from").empty() || size == fields.end()) continue;
    made[text("path")] = {text("path"), text("sha256"),
                          static_cast<int64_t>(size->second.number_value()), text("made_from")};
  }
  return made;
}

}  // namespace rnnfarm::client
