// Tells a log whose last record was cut short by a crash, which is sound, from one that is damaged.
//
// RocksDB ends reading a log (of writes, or MANIFEST) without a word at a record that is not whole,
// also where a flipped byte in its length or type only makes it look so, and loses what follows. A
// record that was cut short has nothing sound behind it.
#ifndef RNNFARM_COORDINATOR_STORE_LOG_TAIL_H_
#define RNNFARM_COORDINATOR_STORE_LOG_TAIL_H_

#include <rocksdb/env.h>

#include <string>

#include "absl/status/status.h"

namespace rnnfarm::store {

// DATA_LOSS naming file and offset. Logs in the folder `path` and the MANIFEST that is current.
absl::Status CheckLogTails(rocksdb::Env& env, const std::string& path);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_LOG_TAIL_H_
