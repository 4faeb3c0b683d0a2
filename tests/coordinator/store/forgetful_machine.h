// A machine whose disk is a ForgetfulFileSystem, with an empty folder for a store.
#ifndef RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_MACHINE_H_
#define RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_MACHINE_H_

#include <rocksdb/env.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/coordinator/store/forgetful_file_system.h"
#include "tests/coordinator/store/scripted_run.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {

// RocksDB sleeps for a second after each failed flush; here for a millisecond.
class ImpatientClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int micros) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1000));
  }
};

class ForgetfulEnv : public rocksdb::EnvWrapper {
 public:
  explicit ForgetfulEnv(const std::shared_ptr<rocksdb::FileSystem>& disk)
      : EnvWrapper(rocksdb::NewCompositeEnv(disk)) {
    file_system_ = disk;
    system_clock_ = std::make_shared<ImpatientClock>(rocksdb::SystemClock::Default());
  }
};

class ForgetfulMachine {
 public:
  ForgetfulMachine() { disk->AddFolder(folder_.path()); }
  Options options() const { return ScriptedOptions(folder_.path(), env_.get()); }
  absl::StatusOr<std::unique_ptr<Store>> Open() const { return Store::Open(options()); }

  const std::shared_ptr<ForgetfulFileSystem> disk = std::make_shared<ForgetfulFileSystem>();

 private:
  // Where the store's lock is.
  StoreFolder folder_;
  std::unique_ptr<rocksdb::Env> env_ = std::make_unique<ForgetfulEnv>(disk);
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_TESTS_COORDINATOR_STORE_FORGETFUL_MACHINE_H_
