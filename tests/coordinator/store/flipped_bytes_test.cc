// One byte of a store's files changed, at many places: what comes of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/check.h"
#include "tests/coordinator/store/forgetful_machine.h"

namespace rnnfarm::store {
namespace {

using Keep = ForgetfulFileSystem::Keep;

enum class Outcome {
  kRefused,   // the store does not open: DATA_LOSS naming the file
  kTold,      // it opens; what is damaged answers DATA_LOSS, and the check finds it
  kHarmless,  // nothing is wrong: the byte is of no use
};

// The table: what may come of a flipped byte in each kind of file, and what comes of some at least.
struct Row {
  std::string ending;
  std::set<Outcome> possible;
  Outcome seen;
};
const Row kTable[] = {
    {"CURRENT", {Outcome::kRefused}, Outcome::kRefused},
    {"MANIFEST", {Outcome::kRefused}, Outcome::kRefused},
    // Harmless are the last bytes of a block, where no record fits.
    {".log", {Outcome::kRefused, Outcome::kHarmless}, Outcome::kRefused},
    {".sst", {Outcome::kRefused, Outcome::kTold, Outcome::kHarmless}, Outcome::kTold},
    {".blob", {Outcome::kRefused, Outcome::kTold, Outcome::kHarmless}, Outcome::kTold},
};
constexpr int kPlacesPerFile = 24;

class FlippedBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = machine_.Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const absl::Status done = run_.Run(**store);
    ASSERT_TRUE(done.ok()) << done;
    // As a killed process leaves it: the last records are in the log only.
    image_ = machine_.disk->Now(Keep::kAll);
  }

  std::vector<std::string> FilesOf(const std::string& kind) const {
    std::vector<std::string> files;
    for (const auto& [path, stored] : image_) {
      const std::string name = path.substr(path.rfind('/') + 1);
      const bool is = kind[0] == '.' ? absl::EndsWith(name, kind) : absl::StartsWith(name, kind);
      if (is && stored.bytes > 0) files.push_back(path);
    }
    return files;
  }

  Outcome Flip(const std::string& path, uint64_t at, char mask) {
    machine_.disk->Restart(image_);
    machine_.disk->MutableData(path)->at(at) ^= mask;
    auto store = machine_.Open();
    if (!store.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(store.status())) << store.status();
      return Outcome::kRefused;
    }
    const absl::Status found = run_.Verify(**store, INT64_MAX - 1);
    store->reset();
    if (found.ok()) return Outcome::kHarmless;
    EXPECT_TRUE(absl::IsDataLoss(found)) << "silently short or wrong: " << found;
    auto report = CheckStore(machine_.options(), [](const CheckReport&) {});
    EXPECT_TRUE(report.ok() && !report->problems.empty()) << "the check finds it too";
    return Outcome::kTold;
  }

  ForgetfulMachine machine_;
  ScriptedRun run_{2, [this] { return machine_.disk->operations(); }};
  ForgetfulFileSystem::Image image_;
};

TEST_F(FlippedBytesTest, IsNeverSilent) {
  for (const Row& row : kTable) {
    std::map<Outcome, int> outcomes;
    for (const std::string& path : FilesOf(row.ending)) {
      const uint64_t bytes = image_.at(path).bytes;
      const uint64_t step = std::max<uint64_t>(1, bytes / kPlacesPerFile);
      for (uint64_t at = 0; at < bytes; at += step) {
        const char mask = static_cast<char>(1 << (at / step % 8));
        SCOPED_TRACE(
            absl::StrCat("bit ", at / step % 8, " of byte ", at, " of ", bytes, " in ", path));
        const Outcome outcome = Flip(path, at, mask);
        EXPECT_TRUE(row.possible.contains(outcome)) << static_cast<int>(outcome);
        ++outcomes[outcome];
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(outcomes[row.seen], 0) << row.ending;
  }
}

// RocksDB takes a header that is wrong for the end of the log and drops what follows.
TEST_F(FlippedBytesTest, InHeadersOfTheLogsIsRefused) {
  for (const char* kind : {".log", "MANIFEST"}) {
    for (const std::string& path : FilesOf(kind)) {
      // The store has gone on writing after the image was taken.
      const ForgetfulFileSystem::Stored& stored = image_.at(path);
      const std::string data = stored.node->data.substr(0, stored.bytes);
      for (uint64_t at = 0; at + 7 < std::min<uint64_t>(data.size(), 32 << 10);) {
        const uint64_t length =
            static_cast<uint8_t>(data[at + 4]) | static_cast<uint8_t>(data[at + 5]) << 8;
        const uint64_t next = at + 7 + length;
        // The first record, the last one, and some between.
        const bool chosen = at == 0 || next >= data.size() || at / 4096 != next / 4096;
        for (uint64_t byte = at + 4; chosen && byte < at + 7; ++byte) {
          for (int bit = 0; bit < 8; bit += 2) {
            SCOPED_TRACE(absl::StrCat("bit ", bit, " of byte ", byte, " in ", path));
            EXPECT_EQ(Flip(path, byte, static_cast<char>(1 << bit)), Outcome::kRefused);
          }
        }
        at = next;
      }
    }
  }
}

}  // namespace
}  // namespace rnnfarm::store
