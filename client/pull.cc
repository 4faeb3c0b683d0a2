#include "client/pull.h"

#include <google/protobuf/text_format.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/array_file.h"
#include "base/artifact_transfer.h"
#include "base/build_info.h"
#include "base/digest.h"
#include "base/logging.h"
#include "client/network_rows.h"
#include "client/search_rows.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

constexpr char kSpecFile[] = "sweep.textproto";
constexpr char kNetworksFile[] = "networks.csv";
constexpr char kSearchFile[] = "search.csv";
constexpr char kManifestFile[] = "manifest.json";
constexpr size_t kHashBlockBytes = 1 << 20;

struct File {
  std::string path;  // relative
  std::string digest;
  int64_t size_bytes = 0;
};

// A coordinator names the files; none of them may lie outside the folder.
bool IsInside(const std::string& path) {
  if (path.empty() || path[0] == '/' || path.find('\\') != std::string::npos) return false;
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

// "states" of "flipflop/states/x.npy", "statistics" of "flipflop/statistics.json".
std::string KindOf(const std::string& path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  const std::string part = parts.size() > 1 ? parts[1] : parts[0];
  return part.substr(0, part.find('.'));
}

// Feeds the file's bytes to `digest`; returns how many, or -1 if it cannot be read.
int64_t HashFile(const fs::path& path, base::Digest& digest) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return -1;
  std::string block(kHashBlockBytes, '\0');
  int64_t total = 0;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    digest.Update(absl::string_view(block.data(), in.gcount()));
    total += in.gcount();
  }
  return total;
}

bool IsThere(const fs::path& path, const File& file) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed || size != static_cast<uintmax_t>(file.size_bytes)) return false;
  base::Digest digest;
  return HashFile(path, digest) == file.size_bytes && digest.Finish() == file.digest;
}

absl::Status NotWritten(const fs::path& path) {
  return absl::FailedPreconditionError(absl::StrCat(path.string(), " cannot be written"));
}

// Goes on with what is in `part`; what does not match in the end is thrown away.
absl::Status FetchOnce(const Farm& farm, const File& file, const fs::path& part,
                       const PullOptions& options) {
  std::error_code failed;
  if (fs::exists(part) && fs::file_size(part, failed) > static_cast<uintmax_t>(file.size_bytes)) {
    fs::remove(part, failed);
  }
  base::Digest digest;
  const int64_t offset = std::max<int64_t>(0, HashFile(part, digest));
  if (offset == file.size_bytes) {  // cut after the last byte
    if (digest.Finish() == file.digest) return absl::OkStatus();
    fs::remove(part, failed);
    return absl::DataLossError(absl::StrCat(part.string(), " does not match its digest"));
  }
  std::ofstream out(part, std::ios::binary | std::ios::app);
  if (!out) return NotWritten(part);
  base::TransferOptions transfer;
  transfer.cancelled = options.cancelled;
  const absl::Status fetched = base::DownloadArtifactTo(
      farm.artifacts(), file.digest, offset, digest,
      [&](absl::string_view chunk) {
        out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        return out ? absl::OkStatus()
                   : absl::ResourceExhaustedError(
                         absl::StrCat(part.string(), " cannot be written; is the disk full?"));
      },
      transfer);
  out.close();
  if (absl::IsDataLoss(fetched)) fs::remove(part, failed);
  return fetched;
}

absl::Status Fetch(const Farm& farm, const File& file, const fs::path& target,
                   const PullOptions& options) {
  std::error_code failed;
  fs::create_directories(target.parent_path(), failed);
  const fs::path part = target.string() + ".part";
  absl::Status fetched = FetchOnce(farm, file, part, options);
  // The part may be of an older result: once more from the beginning.
  if (absl::IsDataLoss(fetched)) fetched = FetchOnce(farm, file, part, options);
  if (!fetched.ok()) return fetched;
  fs::rename(part, target, failed);
  return failed ? NotWritten(target) : absl::OkStatus();
}

absl::StatusOr<std::vector<File>> ListFiles(const Farm& farm, const std::string& sweep,
                                            const PullOptions& options) {
  std::vector<File> files;
  std::string refused;
  v1::ListResultFilesRequest request;
  request.set_parent(sweep);
  const absl::Status listed =
      farm.ForEachPage<v1::ListResultFilesRequest, v1::ListResultFilesResponse>(
          &v1::FarmService::Stub::ListResultFiles, request, 0,
          [&](const v1::ListResultFilesResponse& page) {
            for (const v1::ResultFile& file : page.files()) {
              if (!IsInside(file.path()) || !base::IsDigest(file.digest())) refused = file.path();
              if (!options.only.empty() && options.only.count(KindOf(file.path())) == 0) continue;
              files.push_back({file.path(), file.digest(), file.size_bytes()});
            }
          });
  if (!listed.ok()) return listed;
  if (!refused.empty()) {
    return absl::DataLossError(
        absl::StrCat("the coordinator names a result file \"", refused, "\" outside the folder"));
  }
  return files;
}

absl::StatusOr<std::string> NetworksCsv(const Farm& farm, const std::string& sweep) {
  std::vector<v1::Network> networks;
  v1::ListNetworksRequest request;
  request.set_parent(sweep);
  const absl::Status listed = farm.ForEachPage<v1::ListNetworksRequest, v1::ListNetworksResponse>(
      &v1::FarmService::Stub::ListNetworks, request, 0,
      [&networks](const v1::ListNetworksResponse& page) {
        networks.insert(networks.end(), page.networks().begin(), page.networks().end());
      });
  if (!listed.ok()) return listed;
  return NetworksTable(networks).Render(Format::kCsv);
}

std::string SpecText(const v1::SweepSpec& spec) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  return absl::StrCat(
      "# proto-file: rnnfarm/v1/sweep.proto\n# proto-message: rnnfarm.v1.SweepSpec\n", text);
}

std::string ManifestText(const v1::Sweep& sweep, const std::vector<File>& files) {
  std::string text =
      absl::StrCat("{\n \"sweep\": \"", base::JsonEscaped(sweep.spec().name()),
                   "\",\n \"spec_digest\": \"", sweep.spec_digest(), "\",\n \"build\": \"",
                   base::JsonEscaped(base::BuildText()), "\",\n \"files\": [");
  for (size_t i = 0; i < files.size(); ++i) {
    absl::StrAppend(&text, i > 0 ? ",\n  " : "\n  ", "{\"path\": \"",
                    base::JsonEscaped(files[i].path), "\", \"sha256\": \"", files[i].digest,
                    "\", \"size_bytes\": ", files[i].size_bytes, "}");
  }
  return text + "\n ]\n}\n";
}

// Writes a file that is made here and adds it to the manifest's list.
absl::Status WriteListed(const std::string& directory, const std::string& name,
                         const std::string& text, std::vector<File>& files) {
  files.push_back({name, base::DigestOf(text), static_cast<int64_t>(text.size())});
  return base::WriteFile((fs::path(directory) / name).string(), text);
}

// networks.csv, search.csv where there was a search, and the sweep itself.
absl::Status WriteTables(const Farm& farm, const std::string& name, const v1::SweepSpec& spec,
                         const std::string& directory, std::vector<File>& files) {
  const absl::StatusOr<std::string> networks = NetworksCsv(farm, name);
  if (!networks.ok()) return networks.status();
  const auto searched = SearchedConfigurations(farm, name);
  if (!searched.ok()) return searched.status();
  absl::Status status = WriteListed(directory, kNetworksFile, *networks, files);
  if (status.ok() && !searched->empty()) {
    status =
        WriteListed(directory, kSearchFile, SearchTable(*searched).Render(Format::kCsv), files);
  }
  if (status.ok()) status = WriteListed(directory, kSpecFile, SpecText(spec), files);
  return status;
}

}  // namespace

absl::Status CheckFolder(const std::string& directory, const std::string& name) {
  const fs::path path = fs::path(directory) / kSpecFile;
  std::error_code failed;
  if (fs::exists(directory, failed) && !fs::is_directory(directory, failed)) {
    return absl::FailedPreconditionError(absl::StrCat(directory, " is a file, not a folder"));
  }
  if (!fs::exists(path, failed)) return absl::OkStatus();
  const absl::StatusOr<std::string> text = base::ReadFile(path.string());
  if (!text.ok()) return text.status();
  v1::SweepSpec spec;
  google::protobuf::TextFormat::ParseFromString(*text, &spec);
  if (spec.name() == name) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(directory, " holds the results of the sweep \"",
                                                    spec.name(), "\"; choose another folder for \"",
                                                    name, "\""));
}

absl::Status MarkFolder(const std::string& directory, const v1::SweepSpec& spec) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) return NotWritten(directory);
  return base::WriteFile((fs::path(directory) / kSpecFile).string(), SpecText(spec));
}

absl::StatusOr<PullSummary> Pull(const Farm& farm, const std::string& name,
                                 const std::string& directory, const PullOptions& options) {
  v1::GetSweepRequest request;
  request.set_name(name);
  const auto response = farm.Call(&v1::FarmService::Stub::GetSweep, request);
  if (!response.ok()) return response.status();
  const v1::Sweep& sweep = response->sweep();
  absl::Status status = CheckFolder(directory, sweep.spec().name());
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<File>> files = ListFiles(farm, name, options);
  if (!files.ok()) return files.status();
  status = MarkFolder(directory, sweep.spec());
  if (!status.ok()) return status;

  PullSummary summary;
  summary.files = static_cast<int64_t>(files->size());
  int64_t done = 0;
  for (const File& file : *files) {
    if (options.cancelled()) return absl::CancelledError("interrupted; the next pull goes on here");
    const fs::path target = fs::path(directory) / file.path;
    if (!IsThere(target, file)) {
      status = Fetch(farm, file, target, options);
      if (!status.ok()) return status;
      ++summary.fetched;
      summary.bytes += file.size_bytes;
    }
    options.progress(++done, summary.files, summary.bytes);
  }

  status = WriteTables(farm, name, sweep.spec(), directory, *files);
  if (!status.ok()) return status;
  status =
      base::WriteFile((fs::path(directory) / kManifestFile).string(), ManifestText(sweep, *files));
  if (!status.ok()) return status;
  return summary;
}

}  // namespace rnnfarm::client
