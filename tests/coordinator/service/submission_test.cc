#include "coordinator/service/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/coordinator/service/served_farm.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::service {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kManyNetworks = 1000;
constexpr absl::Duration kDay = absl::Hours(24);

v1::SubmitSweepRequest Importing(const std::string& digest) {
  v1::SubmitSweepRequest request;
  *request.mutable_spec() = TinySweep();
  v1::Import& import = *request.mutable_spec()->add_import();
  import.set_path("theirs.npz");
  import.set_digest(digest);
  import.set_architecture("gru");
  import.set_activation("tanh");
  return request;
}

// Between the check and the record that refers to the file, garbage may be collected.
TEST(CheckSubmission, MakesWhatItRefersToNewAgain) {
  store::StoreFolder folder;
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  store::Options options;
  options.path = folder.path();
  options.free_space_floor_bytes = 0;
  options.now = [&now] { return now; };
  auto store = store::Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->PutArtifact("asked for").ok());
  ASSERT_TRUE((*store)->PutArtifact("forgotten").ok());
  now += 2 * kDay;
  const absl::Status checked =
      CheckSubmission(Importing(base::DigestOf("asked for")), kManyNetworks, **store);
  ASSERT_TRUE(checked.ok()) << checked;
  ASSERT_TRUE((*store)->CollectGarbage(now - kDay).ok());
  EXPECT_TRUE((*store)->GetArtifact(base::DigestOf("asked for")).ok());

  const absl::Status gone =
      CheckSubmission(Importing(base::DigestOf("forgotten")), kManyNetworks, **store);
  EXPECT_TRUE(absl::IsFailedPrecondition(gone)) << gone;
  EXPECT_THAT(std::string(gone.message()), HasSubstr("upload \"theirs.npz\""));
}

}  // namespace
}  // namespace rnnfarm::service
