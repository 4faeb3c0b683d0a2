#include "client/pull.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"
#include "client/further_formats.h"
#include "client/network_rows.h"
#include "client/pulled_folder.h"
#include "client/pulled_streams.h"
#include "client/python_scripts.h"
#include "client/search_rows.h"

namespace rnnfarm::client {
namespace {

constexpr char kNetworksFile[] = "networks.csv";
constexpr char kSearchFile[] = "search.csv";
constexpr char kCellsFile[] = "rnnfarm_cells.py";
constexpr char kFiguresFile[] = "figures.py";

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

absl::StatusOr<std::vector<PulledFile>> ListFiles(const Farm& farm, const std::string& sweep) {
  std::vector<PulledFile> files;
  std::string refused;
  v1::ListResultFilesRequest request;
  request.set_parent(sweep);
  const absl::Status listed =
      farm.ForEachPage<v1::ListResultFilesRequest, v1::ListResultFilesResponse>(
          &v1::FarmService::Stub::ListResultFiles, request, 0,
          [&](const v1::ListResultFilesResponse& page) {
            for (const v1::ResultFile& file : page.files()) {
              if (!IsInside(file.path()) || !base::IsDigest(file.digest())) refused = file.path();
              files.push_back({file.path(), file.digest(), file.size_bytes(), ""});
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

// networks.csv, search.csv where there was a search, and what comes with results in Python.
absl::Status WriteCompanions(const Farm& farm, const std::string& name, PulledFolder& folder) {
  const absl::StatusOr<std::string> networks = NetworksCsv(farm, name);
  if (!networks.ok()) return networks.status();
  const auto searched = SearchedConfigurations(farm, name);
  if (!searched.ok()) return searched.status();
  absl::Status status = folder.Write(kNetworksFile, *networks);
  if (status.ok() && !searched->empty()) {
    status = folder.Write(kSearchFile, SearchTable(*searched).Render(Format::kCsv));
  }
  if (status.ok()) status = folder.Write(kCellsFile, CellsScript());
  if (status.ok()) status = folder.Write(kFiguresFile, FiguresScript());
  return status;
}

bool IsAskedFor(const PulledFile& file, const PullOptions& options) {
  return options.only.empty() || options.only.count(KindOf(file.path)) > 0;
}

// Fetches what the options ask for. What they do not ask for and the folder has is in it too:
// returns both, in the farm's order.
absl::StatusOr<std::vector<PulledFile>> Fetch(const Farm& farm, const std::vector<PulledFile>& all,
                                              PulledFolder& folder, const PullOptions& options,
                                              PullSummary& summary) {
  std::vector<PulledFile> asked, there;
  for (const PulledFile& file : all) {
    if (IsAskedFor(file, options)) asked.push_back(file);
  }
  const absl::Status fetched = FetchFiles(farm, asked, folder, options, summary);
  if (!fetched.ok()) return fetched;
  for (const PulledFile& file : all) {
    if (options.cancelled()) {
      return absl::CancelledError("interrupted; the next pull goes on here");
    }
    if (IsAskedFor(file, options) || folder.Holds(file)) there.push_back(file);
  }
  return there;
}

}  // namespace

absl::StatusOr<PullSummary> Pull(const Farm& farm, const std::string& name,
                                 const std::string& directory, const PullOptions& options) {
  v1::GetSweepRequest request;
  request.set_name(name);
  const auto response = farm.Call(&v1::FarmService::Stub::GetSweep, request);
  if (!response.ok()) return response.status();
  const v1::Sweep& sweep = response->sweep();
  PulledFolder folder(directory);
  absl::Status status = folder.Check(sweep.spec().name());
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<PulledFile>> all = ListFiles(farm, name);
  if (!all.ok()) return all.status();
  status = folder.Claim(sweep.spec());
  if (!status.ok()) return status;

  PullSummary summary;
  summary.state = sweep.state();
  const auto files = Fetch(farm, *all, folder, options, summary);
  if (!files.ok()) return files.status();
  for (const PulledFile& file : *files) folder.Add(file);
  status = WriteFurtherFormats(sweep, *all, *files, folder, options);
  if (status.ok()) status = WriteCompanions(farm, name, folder);
  if (status.ok()) status = folder.Finish(sweep);
  if (!status.ok()) return status;
  return summary;
}

}  // namespace rnnfarm::client
