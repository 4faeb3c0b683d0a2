// A folder for one test's store, removed at its end.
#ifndef RNNFARM_TESTS_COORDINATOR_STORE_STORE_FOLDER_H_
#define RNNFARM_TESTS_COORDINATOR_STORE_STORE_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "coordinator/store/store.h"

namespace rnnfarm::store {

class StoreFolder {
 public:
  StoreFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rnnfarm-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~StoreFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

  // A store that these tests' few bytes fit into on any disk.
  absl::StatusOr<std::unique_ptr<Store>> Open(int64_t floor_bytes = 0) const {
    Options options;
    options.path = path_;
    options.free_space_floor_bytes = floor_bytes;
    return Store::Open(options);
  }
  std::unique_ptr<Store> MustOpen() const {
    auto store = Open();
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  std::string path_;
};

inline v1::Job MakeJob(int number) {
  v1::Job job;
  job.set_name("sweeps/s/jobs/j" + std::to_string(number));
  job.set_attempt(number);
  return job;
}

}  // namespace rnnfarm::store

#endif  // RNNFARM_TESTS_COORDINATOR_STORE_STORE_FOLDER_H_
