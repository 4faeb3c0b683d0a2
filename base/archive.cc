#include <zip.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/array_file.h"

namespace rnnfarm::base {
namespace {

constexpr int64_t kMaxEntries = 100'000;
// What an archive may take in memory: arrays of zeros shrink so much, but a file that was made to
// fill the memory of its reader shrinks a thousandfold, or names one entry many times.
constexpr uint64_t kMostInflated = 100;
constexpr uint64_t kAlwaysInflated = uint64_t{16} << 20;
// 1980-01-01, the earliest time that a zip can hold.
constexpr uint16_t kFixedDosDate = (0 << 9) | (1 << 5) | 1;

absl::Status Broken(absl::string_view source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

// By what the entries say of themselves, before any of them is read; reading stops at that size.
absl::Status CheckSizes(zip_t* zip, zip_int64_t count, size_t file_bytes,
                        absl::string_view source) {
  uint64_t left = file_bytes * kMostInflated + kAlwaysInflated;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(zip, i, 0, &stat) != 0) {
      return Broken(source, absl::StrCat("damaged: ", zip_strerror(zip)));
    }
    if (stat.size > left) {
      return Broken(source, absl::StrCat("the arrays take more than ", kMostInflated,
                                         " times the file's size; save them uncompressed"));
    }
    left -= stat.size;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<const Array*> Archive::Find(absl::string_view name) const {
  for (const auto& [key, array] : entries_) {
    if (key == name) return &array;
  }
  return Broken(source_.empty() ? "archive" : source_,
                absl::StrCat("no array ", name, "; there are: ",
                             absl::StrJoin(entries_, ", ", [](std::string* out, const auto& entry) {
                               out->append(entry.first);
                             })));
}

absl::StatusOr<const Array*> Archive::Find(absl::string_view name,
                                           absl::Span<const int64_t> shape) const {
  auto array = Find(name);
  if (!array.ok()) return array;
  bool match = (*array)->shape.size() == shape.size();
  for (size_t i = 0; match && i < shape.size(); ++i) {
    match = shape[i] == -1 || shape[i] == (*array)->shape[i];
  }
  if (match) return array;
  return Broken(
      source_.empty() ? "archive" : source_,
      absl::StrCat("array ", name, " has shape ", ShapeText((*array)->shape), ", expected ",
                   absl::StrReplaceAll(ShapeText(shape), {{"-1", "any"}})));
}

bool Archive::Has(absl::string_view name) const {
  for (const auto& entry : entries_) {
    if (entry.first == name) return true;
  }
  return false;
}

absl::StatusOr<std::string> Archive::Encode() const {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_t* zip = buffer == nullptr ? nullptr : zip_open_from_source(buffer, ZIP_TRUNCATE, &error);
  if (zip == nullptr) return absl::InternalError(zip_error_strerror(&error));
  zip_source_keep(buffer);
  // libzip reads the entries at zip_close, so their bytes must live until then.
  std::vector<std::string> encoded;
  encoded.reserve(entries_.size());
  for (const auto& [name, array] : entries_) {
    encoded.push_back(EncodeNpy(array));
    zip_source_t* data = zip_source_buffer(zip, encoded.back().data(), encoded.back().size(), 0);
    const zip_int64_t index = zip_file_add(zip, (name + ".npy").c_str(), data, ZIP_FL_ENC_UTF_8);
    if (index < 0 || zip_set_file_compression(zip, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(zip, index, 0, kFixedDosDate, 0) != 0) {
      absl::Status status = absl::InternalError(absl::StrCat("zip: ", zip_strerror(zip)));
      if (index < 0) zip_source_free(data);  // the archive did not take it
      zip_discard(zip);
      zip_source_free(buffer);
      return status;
    }
  }
  if (zip_close(zip) != 0) {
    absl::Status status = absl::InternalError(absl::StrCat("zip: ", zip_strerror(zip)));
    zip_discard(zip);
    zip_source_free(buffer);
    return status;
  }
  std::string out;
  if (zip_source_open(buffer) == 0) {
    zip_source_seek(buffer, 0, SEEK_END);
    out.resize(zip_source_tell(buffer));
    zip_source_seek(buffer, 0, SEEK_SET);
    const zip_int64_t read = zip_source_read(buffer, out.data(), out.size());
    zip_source_close(buffer);
    if (read != static_cast<zip_int64_t>(out.size())) out.clear();
  }
  zip_source_free(buffer);
  if (out.empty() && !entries_.empty()) return absl::InternalError("zip: nothing was written");
  return out;
}

absl::StatusOr<Archive> Archive::Decode(absl::string_view bytes, absl::string_view source) {
  // To libzip nothing at all is an archive without entries.
  if (bytes.empty()) return Broken(source, "not a NumPy .npz file (it is empty)");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (buffer == nullptr) return absl::InternalError(zip_error_strerror(&error));
  zip_t* raw = zip_open_from_source(buffer, ZIP_RDONLY, &error);
  if (raw == nullptr) {
    zip_source_free(buffer);
    return Broken(source, absl::StrCat("not a NumPy .npz file (", zip_error_strerror(&error), ")"));
  }
  std::unique_ptr<zip_t, decltype(&zip_discard)> zip(raw, zip_discard);
  Archive archive;
  archive.source_ = std::string(source);
  const zip_int64_t count = zip_get_num_entries(raw, 0);
  if (count > kMaxEntries) {
    return Broken(source, absl::StrCat(count, " entries, at most ", kMaxEntries, " are read"));
  }
  if (auto status = CheckSizes(raw, count, bytes.size(), source); !status.ok()) return status;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(raw, i, 0, &stat) != 0) {
      return Broken(source, absl::StrCat("damaged: ", zip_strerror(raw)));
    }
    std::string name = stat.name;
    const std::string where = absl::StrCat(source, ": ", name);
    if (!absl::EndsWith(name, ".npy")) continue;
    zip_file_t* file = zip_fopen_index(raw, i, 0);
    if (file == nullptr) return Broken(where, absl::StrCat("damaged: ", zip_strerror(raw)));
    std::string entry(stat.size, '\0');
    const zip_int64_t read = zip_fread(file, entry.data(), entry.size());
    // libzip compares the checksum only when a read meets the end.
    char beyond;
    const bool intact = zip_fread(file, &beyond, 1) == 0;
    const int closed = zip_fclose(file);
    if (read != static_cast<zip_int64_t>(entry.size()) || !intact || closed != 0) {
      return Broken(where, "damaged: the entry is shorter than it says or its checksum is wrong");
    }
    auto array = DecodeNpy(entry, where);
    if (!array.ok()) return array.status();
    archive.Add(name.substr(0, name.size() - 4), *std::move(array));
  }
  return archive;
}

}  // namespace rnnfarm::base
