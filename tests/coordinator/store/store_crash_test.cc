// What a store opens with after its process was killed and its log damaged.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {
namespace {

constexpr int kJobs = 200;

// Leaves a store whose records are all in the write-ahead log, as kill -9 does.
void WriteAndDie(const StoreFolder& folder) {
  const pid_t child = fork();
  if (child == 0) {
    auto store = folder.Open();
    if (!store.ok()) _exit(1);
    for (int i = 0; i < kJobs; ++i) {
      Batch batch;
      batch.jobs = {MakeJob(i)};
      if (!(*store)->Commit({batch}).ok()) _exit(2);
    }
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
}

std::string LogFile(const StoreFolder& folder) {
  std::string largest;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() + "/db")) {
    if (entry.path().extension() != ".log") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) {
      largest = entry.path().string();
    }
  }
  return largest;
}

int CountJobs(Store& store) {
  int jobs = 0;
  Store::Visitor visitor{[](v1::Sweep) {}, [](v1::Configuration) {}, [](v1::Network) {},
                         [&](v1::Job) { ++jobs; }};
  EXPECT_TRUE(store.Load(visitor).ok());
  return jobs;
}

TEST(StoreCrash, OpensWithEverythingAfterKill) {
  StoreFolder folder;
  WriteAndDie(folder);
  auto store = folder.MustOpen();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(CountJobs(*store), kJobs);
}

TEST(StoreCrash, RefusesAFlippedByteInTheMiddleOfTheLog) {
  StoreFolder folder;
  WriteAndDie(folder);
  const std::string log = LogFile(folder);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(log) / 2);
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(middle);
  const char flipped = static_cast<char>(file.get() ^ 0x40);
  file.seekp(middle);
  file.put(flipped);
  file.close();
  auto store = folder.Open();
  EXPECT_TRUE(absl::IsDataLoss(store.status())) << store.status();
}

TEST(StoreCrash, AcceptsATornTail) {
  StoreFolder folder;
  WriteAndDie(folder);
  const std::string log = LogFile(folder);
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 7);
  auto store = folder.MustOpen();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(CountJobs(*store), kJobs - 1);
}

}  // namespace
}  // namespace rnnfarm::store
