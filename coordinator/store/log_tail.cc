#include "coordinator/store/log_tail.h"

#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {
namespace {

// A log is blocks of 32 KiB, filled with records: a masked CRC-32C of what follows the length, the
// length and a type, then that many bytes. No record crosses a block, and the last bytes of a block
// that hold no header are empty.
constexpr uint64_t kBlockBytes = 32 << 10;
constexpr uint64_t kHeaderBytes = 7;
constexpr int kTypes = 4;  // full, first, middle, last: 1 to 4. We recycle and compress no logs.

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}();

uint32_t Crc(uint32_t crc, absl::string_view bytes) {
  for (const char byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return crc;
}

uint32_t MaskedCrc(int type, absl::string_view payload) {
  const char first = static_cast<char>(type);
  const uint32_t crc = ~Crc(Crc(~0u, absl::string_view(&first, 1)), payload);
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

uint32_t LittleEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

uint64_t LeftInBlock(uint64_t at) { return kBlockBytes - at % kBlockBytes; }

// Length with header of the record at `at`, if there may be one.
std::optional<uint64_t> RecordBytes(absl::string_view log, uint64_t at) {
  if (at + kHeaderBytes > log.size()) return std::nullopt;
  const uint64_t bytes = kHeaderBytes + LittleEndian(log.substr(at + 4, 2));
  const int type = static_cast<uint8_t>(log[at + 6]);
  if (type < 1 || type > kTypes || bytes > LeftInBlock(at) || at + bytes > log.size()) {
    return std::nullopt;
  }
  return bytes;
}

// Where the chain of records ends: behind the last byte, unless there is no record.
uint64_t EndOfChain(absl::string_view log) {
  uint64_t at = 0;
  while (at < log.size()) {
    if (LeftInBlock(at) < kHeaderBytes) {
      at += LeftInBlock(at);
      continue;
    }
    const auto bytes = RecordBytes(log, at);
    if (!bytes) return at;
    at += *bytes;
  }
  return log.size();
}

bool IsSound(absl::string_view log, uint64_t at, uint64_t bytes, int type) {
  const uint32_t stored = LittleEndian(log.substr(at, 4));
  return stored == MaskedCrc(type, log.substr(at + kHeaderBytes, bytes - kHeaderBytes));
}

// Whether a whole record lies at `at` under a header of which length or type is wrong.
bool OnlyHeaderIsWrong(absl::string_view log, uint64_t at) {
  if (at + kHeaderBytes > log.size()) return false;
  const uint64_t there = std::min<uint64_t>(LeftInBlock(at), log.size() - at);
  const uint64_t told = kHeaderBytes + LittleEndian(log.substr(at + 4, 2));
  for (int type = 1; type <= kTypes; ++type) {
    if (IsSound(log, at, there, type)) return true;
    if (told <= there && IsSound(log, at, told, type)) return true;
  }
  return false;
}

bool SoundRecordAfter(absl::string_view log, uint64_t at) {
  for (++at; at + kHeaderBytes <= log.size(); ++at) {
    const auto bytes = RecordBytes(log, at);
    if (bytes && IsSound(log, at, *bytes, static_cast<uint8_t>(log[at + 6]))) return true;
  }
  return false;
}

absl::Status CheckLog(rocksdb::Env& env, const std::string& path) {
  std::string log;
  const rocksdb::Status read = rocksdb::ReadFileToString(&env, path, &log);
  if (!read.ok()) return FromRocks(read, absl::StrCat("cannot read ", path));
  const uint64_t end = EndOfChain(log);
  if (end == log.size()) return absl::OkStatus();
  if (!OnlyHeaderIsWrong(log, end) && !SoundRecordAfter(log, end)) {
    LOG(WARNING) << path << ": the last record, at byte " << end << " of " << log.size()
                 << ", was cut short before it was acknowledged, and is left out";
    return absl::OkStatus();
  }
  return FromRocks(rocksdb::Status::Corruption(absl::StrCat("a record's header at byte ", end)),
                   absl::StrCat("cannot read ", path));
}

}  // namespace

absl::Status CheckLogTails(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(path, &names);
  if (listed.IsNotFound() || listed.IsPathNotFound()) return absl::OkStatus();
  if (!listed.ok()) return FromRocks(listed, absl::StrCat("cannot list ", path));
  std::string current;
  // RocksDB says what is wrong with CURRENT.
  rocksdb::ReadFileToString(&env, path + "/CURRENT", &current).PermitUncheckedError();
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log") && current != name + "\n") continue;
    if (auto status = CheckLog(env, absl::StrCat(path, "/", name)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::store
