// The store's keys, as docs/storage.md describes them.
#ifndef RNNFARM_COORDINATOR_STORE_KEYS_H_
#define RNNFARM_COORDINATOR_STORE_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"

namespace rnnfarm::store {

// Records are read at start in the order of these prefixes.
inline constexpr char kSweepPrefix = '1';
inline constexpr char kConfigurationPrefix = '2';
inline constexpr char kNetworkPrefix = '3';
inline constexpr char kJobPrefix = '4';
// Read when asked for, never at start.
inline constexpr char kEventPrefix = '5';
inline constexpr char kWorkerPrefix = '6';
inline constexpr char kDeletedSweepPrefix = '7';

inline std::string BigEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
  return bytes;
}

// Of the first 8 bytes, or of as many as there are.
inline uint64_t FromBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

inline std::string RecordKey(char prefix, absl::string_view name) {
  return absl::StrCat(absl::string_view(&prefix, 1), "/", name);
}

inline std::string ConfigurationKey(absl::string_view sweep, absl::string_view key) {
  return RecordKey(kConfigurationPrefix, absl::StrCat(sweep, "/configurations/", key));
}

// A job's events lie together, in order of their numbers.
inline std::string EventPrefix(absl::string_view job) {
  return absl::StrCat(RecordKey(kEventPrefix, job), "#");
}

inline std::string EventKey(absl::string_view job, int64_t number) {
  return absl::StrCat(EventPrefix(job), BigEndian(static_cast<uint64_t>(number)));
}

inline std::string ChunkKey(absl::string_view digest, int64_t offset) {
  return absl::StrCat(digest, BigEndian(static_cast<uint64_t>(offset)));
}

inline bool IsChunkOf(absl::string_view key, absl::string_view digest) {
  return key.size() == base::kDigestHexLength + 8 &&
         key.substr(0, base::kDigestHexLength) == digest;
}

// Of a key that IsChunkOf an artifact.
inline int64_t ChunkOffset(absl::string_view key) {
  return static_cast<int64_t>(FromBigEndian(absl::ClippedSubstr(key, base::kDigestHexLength)));
}

// Behind every chunk of the artifact.
inline std::string ChunksEnd(absl::string_view digest) {
  return absl::StrCat(digest, std::string(9, '\xFF'));
}

// When an upload that is not finished last went on.
inline constexpr char kUploadPrefix[] = "upload/";

inline std::string UploadKey(absl::string_view digest) {
  return absl::StrCat(kUploadPrefix, digest);
}

// Event rows' keys end in "#" and 8 bytes of their number. False for any other key.
inline bool ParseEventKey(absl::string_view key, absl::string_view* job, int64_t* number) {
  constexpr size_t kTail = 9;
  const std::string start = RecordKey(kEventPrefix, "");
  if (key.size() < start.size() + kTail || key.substr(0, start.size()) != start) return false;
  if (key[key.size() - kTail] != '#') return false;
  *job = key.substr(start.size(), key.size() - start.size() - kTail);
  *number = static_cast<int64_t>(FromBigEndian(key.substr(key.size() - kTail + 1)));
  return true;
}

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_KEYS_H_
