#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::store {
namespace {

using ::testing::HasSubstr;

// Opens the store in another process and holds it until killed.
pid_t HoldInAnotherProcess(const StoreFolder& folder) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto store = folder.Open();
    const char answer = store.ok() ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  EXPECT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  close(ready[0]);
  close(ready[1]);
  return child;
}

TEST(StoreLock, NamesPathAndHolderAndIsFreeAfterKill) {
  StoreFolder folder;
  const pid_t child = HoldInAnotherProcess(folder);
  auto refused = folder.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(folder.path()));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("process " + std::to_string(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(folder.Open().ok());
}

TEST(StoreLock, RefusesASecondOpenInOneProcess) {
  StoreFolder folder;
  auto first = folder.MustOpen();
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open().status()));
  first.reset();
  EXPECT_TRUE(folder.Open().ok());
}

}  // namespace
}  // namespace rnnfarm::store
