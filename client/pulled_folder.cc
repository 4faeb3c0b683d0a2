#include "client/pulled_folder.h"

#include <google/protobuf/text_format.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/build_info.h"
#include "base/logging.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

constexpr char kSpecFile[] = "sweep.textproto";
constexpr char kManifestFile[] = "manifest.json";
constexpr size_t kHashBlockBytes = 1 << 20;

std::string SpecText(const v1::SweepSpec& spec) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  return absl::StrCat(
      "# proto-file: rnnfarm/v1/sweep.proto\n# proto-message: rnnfarm.v1.SweepSpec\n", text);
}

std::string ManifestText(const v1::Sweep& sweep, const std::vector<PulledFile>& files) {
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

bool HasBytes(const std::string& path, absl::string_view bytes) {
  std::error_code failed;
  if (fs::file_size(path, failed) != bytes.size() || failed) return false;
  const absl::StatusOr<std::string> there = base::ReadFile(path);
  return there.ok() && *there == bytes;
}

}  // namespace

int64_t HashFile(const std::string& path, base::Digest& digest) {
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

std::string PulledFolder::At(absl::string_view path) const {
  return (fs::path(directory_) / std::string(path)).string();
}

bool PulledFolder::Holds(const PulledFile& file) const {
  std::error_code failed;
  const auto size = fs::file_size(At(file.path), failed);
  if (failed || size != static_cast<uintmax_t>(file.size_bytes)) return false;
  base::Digest digest;
  return HashFile(At(file.path), digest) == file.size_bytes && digest.Finish() == file.digest;
}

absl::Status PulledFolder::Check(const std::string& name) const {
  std::error_code failed;
  if (fs::exists(directory_, failed) && !fs::is_directory(directory_, failed)) {
    return absl::FailedPreconditionError(absl::StrCat(directory_, " is a file, not a folder"));
  }
  if (!fs::exists(At(kSpecFile), failed)) return absl::OkStatus();
  const absl::StatusOr<std::string> text = base::ReadFile(At(kSpecFile));
  if (!text.ok()) return text.status();
  v1::SweepSpec spec;
  google::protobuf::TextFormat::ParseFromString(*text, &spec);
  if (spec.name() == name) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(directory_, " holds the results of the sweep \"", spec.name(),
                   "\"; choose another folder for \"", name, "\""));
}

absl::Status PulledFolder::Claim(const v1::SweepSpec& spec) {
  const absl::Status mine = Check(spec.name());
  if (!mine.ok()) return mine;
  std::error_code failed;
  fs::create_directories(directory_, failed);
  if (failed) {
    return absl::FailedPreconditionError(absl::StrCat(directory_, " cannot be written"));
  }
  const std::string text = SpecText(spec);
  if (HasBytes(At(kSpecFile), text)) return absl::OkStatus();
  WillChange();
  return base::WriteFile(At(kSpecFile), text);
}

void PulledFolder::WillChange() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (changed_) return;
  changed_ = true;
  std::error_code absent;
  fs::remove(At(kManifestFile), absent);
}

void PulledFolder::Add(const PulledFile& file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  files_.push_back(file);
}

absl::Status PulledFolder::AddMade(const std::string& path) {
  base::Digest digest;
  const int64_t size = HashFile(At(path), digest);
  if (size < 0) return absl::InternalError(absl::StrCat(At(path), " cannot be read"));
  Add({path, digest.Finish(), size});
  return absl::OkStatus();
}

absl::Status PulledFolder::Adopt(const std::string& from, const std::string& path) {
  PulledFile file{path, "", 0};
  base::Digest digest;
  file.size_bytes = HashFile(from, digest);
  file.digest = digest.Finish();
  if (file.size_bytes < 0) return absl::InternalError(absl::StrCat(from, " cannot be read"));
  std::error_code failed;
  if (Holds(file)) {
    fs::remove(from, failed);
  } else {
    WillChange();
    fs::rename(from, At(path), failed);
  }
  Add(file);
  if (!failed) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(At(path), " cannot be written"));
}

absl::Status PulledFolder::Write(const std::string& path, absl::string_view bytes) {
  Add({path, base::DigestOf(bytes), static_cast<int64_t>(bytes.size())});
  if (HasBytes(At(path), bytes)) return absl::OkStatus();
  WillChange();
  return base::WriteFile(At(path), bytes);
}

absl::Status PulledFolder::Finish(const v1::Sweep& sweep) {
  const absl::Status spec = AddMade(kSpecFile);
  if (!spec.ok()) return spec;
  const std::lock_guard<std::mutex> lock(mutex_);
  return base::WriteFile(At(kManifestFile), ManifestText(sweep, files_));
}

}  // namespace rnnfarm::client
