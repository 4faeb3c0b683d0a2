#include "coordinator/store/rocks_log.h"

#include <glog/logging.h>

#include <cstdarg>
#include <cstdio>

namespace rnnfarm::store {
namespace {

class GlogLogger : public rocksdb::Logger {
 public:
  GlogLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    if (level >= rocksdb::InfoLogLevel::ERROR_LEVEL) {
      LOG(ERROR) << "RocksDB: " << line;
    } else {
      LOG(WARNING) << "RocksDB: " << line;
    }
  }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> RocksLog() { return std::make_shared<GlogLogger>(); }

}  // namespace rnnfarm::store
