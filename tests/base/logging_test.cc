#include "base/logging.h"

#include <glog/logging.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::base {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// What a process of its own, since logging is set up once a process, writes to standard error.
std::string Logged(const LoggingOptions& options, const std::function<void()>& work) {
  std::string path = ::testing::TempDir() + "logging-XXXXXX";
  const int file = mkstemp(path.data());
  const pid_t child = fork();
  if (child == 0) {
    dup2(file, STDERR_FILENO);
    InitLogging("logging_test", options);
    work();
    _exit(0);
  }
  close(file);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const std::string text = *ReadFile(path);
  std::remove(path.c_str());
  return text;
}

// Runs Python statements on `lines`, what json made of every line of `text`.
bool Holds(const std::string& text, const std::string& statements) {
  std::string path = ::testing::TempDir() + "lines-XXXXXX";
  close(mkstemp(path.data()));
  EXPECT_TRUE(WriteFile(path, text).ok());
  const std::string command =
      "/usr/bin/python3 -c \"\nimport json\nlines = [json.loads(line) for "
      "line in open('" +
      path + "', 'rb').read().split(b'\\n')[:-1]]\n" + statements + "\"";
  const bool held = std::system(command.c_str()) == 0;
  std::remove(path.c_str());
  return held;
}

std::string RandomBytes(RandomStream& random, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(random.NextWord() & 0xFF);
  return bytes;
}

TEST(Logging, EveryLineIsJsonWhateverTheBytes) {
  constexpr int kLines = 2000;
  const std::string text = Logged({.json = true}, [] {
    RandomStream random(DeriveStream(1, "logging_test", "bytes"));
    for (int i = 0; i < kLines; ++i) {
      LogContext context({.job = RandomBytes(random, 7), .worker = RandomBytes(random, 3)});
      LOG(INFO) << RandomBytes(random, i % 40);
    }
  });
  EXPECT_TRUE(Holds(text,
                    "assert len(lines) == 2000, len(lines)\n"
                    "assert all(set(line) >= {'time', 'severity', 'message', 'job'} for "
                    "line in lines)"));
}

TEST(Logging, ReplacesExactlyWhatIsNotUtf8) {
  EXPECT_EQ(JsonEscaped("a\"b\\c\n\t\x01"), "a\\\"b\\\\c\\n\\u0009\\u0001");
  for (const char* whole : {"\xC3\xA4", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x9F\x99\x82",
                            "\xF4\x8F\xBF\xBF", "\x7F"}) {
    EXPECT_EQ(JsonEscaped(whole), whole);
  }
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(JsonEscaped("\xC3"), replaced);
  EXPECT_EQ(JsonEscaped("\xE2\x82x"), replaced + replaced + "x");
  EXPECT_EQ(JsonEscaped("\xC0\x80"), replaced + replaced);                 // too long
  EXPECT_EQ(JsonEscaped("\xED\xA0\x80"), replaced + replaced + replaced);  // a surrogate
  EXPECT_EQ(JsonEscaped("\xF4\x90\x80\x80"), replaced + replaced + replaced + replaced);
  EXPECT_EQ(JsonEscaped(std::string("\0", 1)), "\\u0000");
}

TEST(Logging, LinesSayWhatTheirThreadIsAt) {
  const std::string text = Logged({.json = true, .worker = "workers/w"}, [] {
    LOG(INFO) << "outside";
    LogContext outer({.job = "sweeps/s/jobs/train-a", .attempt = 3});
    {
      LogContext inner({.job = "sweeps/s/jobs/train-b", .attempt = 4, .worker = "workers/x"});
      LOG(WARNING) << "inner";
    }
    LOG(INFO) << "outer";
    std::thread([] { LOG(INFO) << "another thread"; }).join();
  });
  EXPECT_TRUE(Holds(text, R"(
about = [{k: line[k] for k in line if k in ('worker', 'sweep', 'job', 'attempt')} for line in lines]
assert [line['message'] for line in lines] == ['outside', 'inner', 'outer', 'another thread'], lines
assert [line['severity'] for line in lines] == ['INFO', 'WARNING', 'INFO', 'INFO'], lines
here = {'worker': 'workers/w'}
assert about[0] == here and about[3] == here, about
assert about[1] == {'worker': 'workers/x', 'sweep': 'sweeps/s', 'job': 'sweeps/s/jobs/train-b',
                    'attempt': 4}, about
assert about[2] == {**here, 'sweep': 'sweeps/s', 'job': 'sweeps/s/jobs/train-a', 'attempt': 3}, about
)"));
}

TEST(Logging, TextEndsWithTheContext) {
  const std::string text = Logged({.minimum_severity = 1}, [] {
    LogContext context({.job = "sweeps/s/jobs/train-a", .attempt = 3});
    LOG(WARNING) << "slow";
    LOG(INFO) << "not to be seen";
    LogContext of_sweep({.sweep = "sweeps/s"});
    LOG(ERROR) << "failed";
  });
  EXPECT_THAT(text, ContainsRegex("W[0-9]+ [0-9:.]+ +[0-9]+ logging_test.cc:[0-9]+\\] slow "
                                  "\\[job sweeps/s/jobs/train-a attempt 3\\]\n"));
  EXPECT_THAT(text, HasSubstr("] failed [sweep sweeps/s]\n"));
  EXPECT_THAT(text, Not(HasSubstr("not to be seen")));
}

}  // namespace
}  // namespace rnnfarm::base
