// RocksDB's messages in our log. Its default logger is a file of its own, and aborts the process
// when the disk is full. Thread-safe.
#ifndef RNNFARM_COORDINATOR_STORE_ROCKS_LOG_H_
#define RNNFARM_COORDINATOR_STORE_ROCKS_LOG_H_

#include <rocksdb/env.h>

#include <memory>

namespace rnnfarm::store {

// Warnings and errors only.
std::shared_ptr<rocksdb::Logger> RocksLog();

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_ROCKS_LOG_H_
