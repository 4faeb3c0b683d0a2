#include "client/further_formats.h"

#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "analysis/figures/comma_separated.h"
#include "base/array_file.h"
#include "client/hdf5_file.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

absl::Status Cancelled() { return absl::CancelledError("interrupted; the next pull goes on here"); }

// "flipflop" of "flipflop/states/x.npy"; empty for a file that is no task's.
std::string TaskOf(const std::string& path) {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string Hdf5PathOf(const std::string& task) { return absl::StrCat(task, "/results.h5"); }

// Where the files of the format made from `files` lie.
std::set<std::string> PathsOf(const std::string& format, const std::vector<PulledFile>& files) {
  std::set<std::string> paths;
  for (const PulledFile& file : files) {
    const std::string task = TaskOf(file.path);
    const std::string path = format == "pt" ? TorchPathOf(file)
                             : task.empty() ? ""
                                            : Hdf5PathOf(task);
    if (!path.empty()) paths.insert(path);
  }
  return paths;
}

// Whether it is one that this program makes, in whatever folder of a task.
bool IsOfFormat(const std::string& format, const std::string& path) {
  if (format == "hdf5") return path == Hdf5PathOf(TaskOf(path));
  return absl::StrContains(path, "/networks/") && absl::EndsWith(path, ".pt");
}

bool IsThere(const PulledFolder& folder, const std::string& path) {
  std::error_code failed;
  return fs::exists(folder.At(path), failed);
}

// What of "pt" is still right where nobody can make the rest.
void KeepTorchFiles(const std::vector<PulledFile>& files, PulledFolder& folder) {
  for (const PulledFile& file : files) {
    const std::string path = TorchPathOf(file);
    if (!path.empty()) folder.KeepMade(path, MadeFrom({&file}));
  }
}

absl::Status WriteFormat(const std::string& format, const v1::Sweep& sweep,
                         const std::vector<PulledFile>& files, PulledFolder& folder,
                         const PullOptions& options) {
  if (format == "hdf5") return WriteHdf5Files(sweep, files, folder, options);
  if (options.write_torch_files) return options.write_torch_files(files, folder, options);
  KeepTorchFiles(files, folder);
  return absl::OkStatus();
}

// Numbers where every cell of the column is one, else texts.
absl::Status AddColumn(const figures::Table& table, size_t column, const std::string& name,
                       Hdf5File& out) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const std::vector<std::string>& row : table.rows) {
    texts.push_back(row[column]);
    double number = 0;
    if (absl::SimpleAtod(row[column], &number)) numbers.push_back(number);
  }
  if (numbers.size() != texts.size()) return out.Add(name, texts);
  return out.Add(name, base::Array::Of<double>({static_cast<int64_t>(numbers.size())}, numbers));
}

absl::Status AddTable(const std::string& text, const std::string& path, const std::string& name,
                      Hdf5File& out) {
  const absl::StatusOr<figures::Table> table = figures::ParseTable(text, path);
  absl::Status status = table.status();
  for (size_t i = 0; status.ok() && i < table->columns.size(); ++i) {
    status = AddColumn(*table, i, absl::StrCat(name, "/", table->columns[i]), out);
  }
  return status;
}

absl::Status AddArchive(const std::string& bytes, const std::string& path, const std::string& name,
                        Hdf5File& out) {
  const absl::StatusOr<base::Archive> archive = base::Archive::Decode(bytes, path);
  if (!archive.ok()) return archive.status();
  for (const auto& [array_name, array] : archive->entries()) {
    const absl::Status added = out.Add(absl::StrCat(name, "/", array_name), array);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status AddArray(const std::string& bytes, const std::string& path, const std::string& name,
                      Hdf5File& out) {
  const absl::StatusOr<base::Array> array = base::DecodeNpy(bytes, path);
  return array.ok() ? out.Add(name, *array) : array.status();
}

absl::Status AddFile(const std::string& path, const PulledFolder& folder, Hdf5File& out) {
  const absl::StatusOr<std::string> bytes = base::ReadFile(folder.At(path));
  if (!bytes.ok()) return bytes.status();
  const std::string extension = fs::path(path).extension();
  const std::string name(absl::StripSuffix(path.substr(path.find('/') + 1), extension));
  if (extension == ".npz") return AddArchive(*bytes, path, name, out);
  if (extension == ".npy") return AddArray(*bytes, path, name, out);
  if (extension == ".csv") return AddTable(*bytes, path, name, out);
  return out.AddText(name, *bytes);
}

absl::Status FillTask(const v1::Sweep& sweep, const std::string& task,
                      const std::vector<const PulledFile*>& files, const PulledFolder& folder,
                      const PullOptions& options, Hdf5File& out) {
  absl::Status status = out.SetAttribute("sweep", sweep.spec().name());
  if (status.ok()) status = out.SetAttribute("spec_digest", sweep.spec_digest());
  if (status.ok()) status = out.SetAttribute("task", task);
  for (const PulledFile* file : files) {
    if (!status.ok()) break;
    status = options.cancelled() ? Cancelled() : AddFile(file->path, folder, out);
  }
  return status;
}

// Under another name until it is complete. The same bytes are left as they are.
absl::Status WriteTask(const v1::Sweep& sweep, const std::string& task,
                       const std::vector<const PulledFile*>& files, PulledFolder& folder,
                       const PullOptions& options) {
  const std::string path = Hdf5PathOf(task);
  const std::string made_from =
      MadeFrom(files, absl::StrCat(sweep.spec().name(), " ", sweep.spec_digest()));
  if (folder.KeepMade(path, made_from)) return absl::OkStatus();
  const std::string part = folder.At(path) + ".part";
  absl::StatusOr<std::unique_ptr<Hdf5File>> out = Hdf5File::Create(part);
  if (!out.ok()) return out.status();
  absl::Status status = FillTask(sweep, task, files, folder, options, **out);
  status.Update((*out)->Close());
  std::error_code failed;
  if (!status.ok()) {
    fs::remove(part, failed);
    return status;
  }
  return folder.Adopt(part, path, made_from);
}

}  // namespace

std::string TorchPathOf(const PulledFile& file) {
  if (!absl::StrContains(file.path, "/networks/")) return "";
  return absl::StrCat(absl::StripSuffix(file.path, ".npz"), ".pt");
}

bool HoldsFormat(const std::string& directory, const std::string& format) {
  std::error_code failed;
  for (const fs::directory_entry& task : fs::directory_iterator(directory, failed)) {
    if (format == "hdf5" && fs::exists(task.path() / "results.h5", failed)) return true;
    if (format != "pt") continue;
    for (const fs::directory_entry& file :
         fs::directory_iterator(task.path() / "networks", failed)) {
      if (file.path().extension() == ".pt") return true;
    }
  }
  return false;
}

absl::Status WriteFurtherFormats(const v1::Sweep& sweep, const std::vector<PulledFile>& all,
                                 const std::vector<PulledFile>& files, PulledFolder& folder,
                                 const PullOptions& options) {
  for (const std::string format : {"hdf5", "pt"}) {
    std::set<std::string> there = PathsOf(format, all);
    // Of networks that the farm lists no more, too.
    for (const std::string& path : folder.MadeEarlier()) {
      if (IsInside(path) && IsOfFormat(format, path)) there.insert(path);
    }
    for (auto path = there.begin(); path != there.end();) {
      path = IsThere(folder, *path) ? std::next(path) : there.erase(path);
    }
    if (options.formats.count(format) == 0 && there.empty()) continue;
    const absl::Status written = WriteFormat(format, sweep, files, folder, options);
    if (!written.ok()) return written;
    // Where nobody can make them again, they may still be of use.
    if (format == "pt" && !options.write_torch_files) continue;
    for (const std::string& path : there) {
      if (!folder.Lists(path)) folder.Remove(path);
    }
  }
  return absl::OkStatus();
}

absl::Status WriteHdf5Files(const v1::Sweep& sweep, const std::vector<PulledFile>& files,
                            PulledFolder& folder, const PullOptions& options) {
  std::map<std::string, std::vector<const PulledFile*>> tasks;
  for (const PulledFile& file : files) {
    if (!TaskOf(file.path).empty()) tasks[TaskOf(file.path)].push_back(&file);
  }
  for (const auto& [task, of_task] : tasks) {
    const absl::Status written = WriteTask(sweep, task, of_task, folder, options);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::client
