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

// What a sweep's records say of its results: all that is asked of them, so that nothing but bytes
// is still needed while files are fetched for hours.
struct Listed {
  v1::Sweep sweep;
  std::vector<PulledFile> files;
  std::string networks, searched;  // tables; searched: empty where there was no search
};

absl::StatusOr<v1::Sweep> ReadSweep(const Farm& farm, const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  auto response = farm.Call(&v1::FarmService::Stub::GetSweep, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_sweep());
}

absl::Status ListResults(const Farm& farm, const std::string& name, Listed& listed) {
  auto files = ListFiles(farm, name);
  if (!files.ok()) return files.status();
  listed.files = *std::move(files);
  auto networks = NetworksCsv(farm, name);
  if (!networks.ok()) return networks.status();
  listed.networks = *std::move(networks);
  const auto searched = SearchedConfigurations(farm, name);
  if (!searched.ok()) return searched.status();
  if (!searched->empty()) listed.searched = SearchTable(*searched).Render(Format::kCsv);
  const auto sweep = ReadSweep(farm, name);
  if (!sweep.ok()) return sweep.status();
  if (sweep->create_time().seconds() == listed.sweep.create_time().seconds() &&
      sweep->create_time().nanos() == listed.sweep.create_time().nanos()) {
    return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat(
      name, " was deleted and submitted again while its results were listed; pull again"));
}

// networks.csv, search.csv where there was a search, and what comes with results in Python.
absl::Status WriteCompanions(const Listed& listed, PulledFolder& folder) {
  absl::Status status = folder.Write(kNetworksFile, listed.networks);
  if (status.ok() && !listed.searched.empty()) status = folder.Write(kSearchFile, listed.searched);
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
  auto found = ReadSweep(farm, name);
  if (!found.ok()) return found.status();
  Listed listed;
  listed.sweep = *std::move(found);
  const v1::Sweep& sweep = listed.sweep;
  PulledFolder folder(directory);
  absl::Status status = folder.Check(sweep.spec().name());
  if (status.ok()) status = ListResults(farm, name, listed);
  if (status.ok()) status = folder.Claim(sweep.spec());
  if (!status.ok()) return status;

  PullSummary summary;
  summary.state = sweep.state();
  const auto files = Fetch(farm, listed.files, folder, options, summary);
  if (!files.ok()) return files.status();
  for (const PulledFile& file : *files) folder.Add(file);
  status = WriteFurtherFormats(sweep, listed.files, *files, folder, options);
  if (status.ok()) status = WriteCompanions(listed, folder);
  if (status.ok()) status = folder.Finish(sweep);
  if (!status.ok()) return status;
  return summary;
}

}  // namespace rnnfarm::client
