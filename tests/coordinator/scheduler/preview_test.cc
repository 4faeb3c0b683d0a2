// What a submission would cost, by what ended on this coordinator.
#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::SizeIs;

class PreviewTest : public testing::Test {
 protected:
  v1::SweepPreview Preview(const v1::SweepSpec& spec, bool extend = false) {
    const Effects effects = farm_.Submit(spec, extend, /*validate_only=*/true);
    EXPECT_TRUE(effects.status.ok()) << effects.status;
    return std::get<v1::SubmitSweepResponse>(effects.reply).preview();
  }
  // Of a preview without searches.
  static const v1::StagePreview& Training(const v1::SweepPreview& preview) {
    return preview.stages(0);
  }
  // The sweep's two trainings and analyses take an hour each, on threads.
  void Work(const v1::SweepSpec& spec, const v1::SyncRequest& request) {
    farm_.Submit(spec);
    while (true) {
      const v1::SyncResponse response = farm_.Sync(request);
      if (response.leases().empty()) return;
      for (int minute = 0; minute < 60; ++minute) {
        farm_.now += absl::Minutes(1);
        v1::SyncRequest holding = request;
        holding.set_free_slots(0);
        holding.clear_free_packs();
        for (const v1::Lease& lease : response.leases()) Farm::Hold(lease, holding, minute + 1);
        farm_.Sync(holding);
      }
      for (const v1::Lease& lease : response.leases()) {
        EXPECT_TRUE(farm_.Report(request, Farm::Result(lease)).accepted());
      }
    }
  }
  static v1::SweepSpec Named(v1::SweepSpec spec, const std::string& name) {
    spec.set_name(name);
    return spec;
  }
  static Options Patient() {
    Options options;
    options.lease_term = absl::Hours(1);
    return options;
  }

  Farm farm_{Patient()};
};

TEST_F(PreviewTest, SaysWhereNothingWasMeasured) {
  const v1::SweepPreview preview = Preview(KnownSweep());
  ASSERT_THAT(preview.stages(), SizeIs(3));
  EXPECT_EQ(Training(preview).jobs(), 2);
  EXPECT_EQ(Training(preview).cores().unknown(), 2);
  EXPECT_EQ(Training(preview).cores().hours(), 0);
  EXPECT_FALSE(preview.stages(2).has_cores()) << "comparisons are the coordinator's";
}

TEST_F(PreviewTest, TellsWhatTheSameTookBeforeAndAfterARestart) {
  Work(KnownSweep(), Farm::Request("w", 1));
  for (bool restarted : {false, true}) {
    if (restarted) farm_.Restart();
    const v1::SweepPreview preview = Preview(Named(KnownSweep("seeds { count: 7 }"), "other"));
    EXPECT_EQ(Training(preview).cores().measured(), 7);
    EXPECT_NEAR(Training(preview).cores().hours(), 7, 1e-6);
    EXPECT_NEAR(preview.stages(1).cores().hours(), 7, 1e-6);
    EXPECT_EQ(Training(preview).devices().unknown(), 7) << "no device trained";
  }
}

TEST_F(PreviewTest, ScalesByOperations) {
  Work(KnownSweep(), Farm::Request("w", 1));
  const v1::SweepPreview preview =
      Preview(Named(KnownSweep("grid { units: [32] }"), "other"));  // 16 and 32
  EXPECT_EQ(Training(preview).cores().measured(), 2);
  EXPECT_EQ(Training(preview).cores().scaled(), 2);
  EXPECT_NEAR(Training(preview).cores().hours(), 2 + 2 * 4, 1e-6);
}

TEST_F(PreviewTest, TellsNothingOfWhatIsAThousandTimesLarger) {
  Work(KnownSweep(), Farm::Request("w", 1));
  const v1::SweepPreview preview =
      Preview(Named(KnownSweep("grid { units: [512, 1024] }"), "other"));  // 32 and 64 times 16
  EXPECT_EQ(Training(preview).cores().measured(), 2);
  EXPECT_EQ(Training(preview).cores().scaled(), 0);
  EXPECT_EQ(Training(preview).cores().unknown(), 4);
}

TEST_F(PreviewTest, APackSharesItsDevice) {
  v1::SyncRequest request = Farm::Request("w", 1);
  request.set_free_packs(1);
  Work(KnownSweep(), request);
  const v1::SweepPreview preview = Preview(Named(KnownSweep(), "other"));
  EXPECT_EQ(Training(preview).devices().measured(), 2);
  EXPECT_NEAR(Training(preview).devices().hours(), 1, 1e-6);
  EXPECT_EQ(Training(preview).cores().unknown(), 2);
  EXPECT_EQ(preview.stages(1).cores().measured(), 2) << "analyses take threads";
}

TEST_F(PreviewTest, CountsWhatAnExtensionAdds) {
  farm_.Submit(KnownSweep());
  EXPECT_THAT(Preview(KnownSweep()).stages(), SizeIs(0));
  const v1::SweepPreview preview = Preview(KnownSweep("seeds { count: 5 }"), true);
  EXPECT_EQ(preview.networks(), 5);
  EXPECT_EQ(Training(preview).jobs(), 3);
}

}  // namespace
}  // namespace rnnfarm::scheduler
