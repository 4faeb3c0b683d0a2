#include "client/further_formats.h"

#include <filesystem>
#include <map>
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
  const std::string path = absl::StrCat(task, "/results.h5");
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
  return folder.Adopt(part, path);
}

}  // namespace

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
