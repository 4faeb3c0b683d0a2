#include "client/pulled_folder.h"

#include <google/protobuf/text_format.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"

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
  if (const auto manifest = base::ReadFile(At(kManifestFile)); manifest.ok()) {
    earlier_ = MadeFilesOf(*manifest);
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
  listed_.insert(file.path);
}

bool PulledFolder::Lists(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return listed_.count(path) > 0;
}

std::vector<std::string> PulledFolder::MadeEarlier() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : earlier_) paths.push_back(path);
  return paths;
}

absl::Status PulledFolder::AddMade(const std::string& path) {
  base::Digest digest;
  const int64_t size = HashFile(At(path), digest);
  if (size < 0) return absl::InternalError(absl::StrCat(At(path), " cannot be read"));
  Add({path, digest.Finish(), size, ""});
  return absl::OkStatus();
}

bool PulledFolder::KeepMade(const std::string& path, const std::string& made_from) {
  const auto found = earlier_.find(path);
  if (found == earlier_.end() || found->second.made_from != made_from || !Holds(found->second)) {
    return false;
  }
  Add(found->second);
  return true;
}

void PulledFolder::Remove(const std::string& path) {
  WillChange();
  std::error_code absent;
  fs::remove(At(path), absent);
}

absl::Status PulledFolder::Adopt(const std::string& from, const std::string& path,
                                 const std::string& made_from) {
  PulledFile file{path, "", 0, made_from};
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

absl::Status PulledFolder::Write(const std::string& path, absl::string_view bytes,
                                 const std::string& made_from) {
  Add({path, base::DigestOf(bytes), static_cast<int64_t>(bytes.size()), made_from});
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
