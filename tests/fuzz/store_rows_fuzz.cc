// The store's keys, and records that are not what they should be: they are refused at start, or do
// no harm. Steps: K bytes of a name and an offset; 1 to 4 a record of that prefix (keys.h), beside
// or instead of those of a farm at work.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <map>

#include "coordinator/store/keys.h"
#include "tests/coordinator/scheduler/farm.h"
#include "tests/fuzz/steps.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

constexpr size_t kMostSteps = 32;
constexpr size_t kOffsetBytes = 8;

void CheckKeys(absl::string_view bytes) {
  const uint64_t number = store::FromBigEndian(bytes);
  bytes.remove_prefix(std::min(bytes.size(), kOffsetBytes));
  const auto offset = static_cast<int64_t>(number >> 1);
  Require(store::FromBigEndian(store::BigEndian(number)) == number, "a number is read back");
  const std::string event = store::EventKey(bytes, offset);
  Require(event.substr(0, store::EventPrefix(bytes).size()) == store::EventPrefix(bytes),
          "an event lies with its job");
  Require(offset == 0 || store::EventKey(bytes, offset - 1) < event, "events lie in order");
  const std::string digest = base::DigestOf(bytes);
  const std::string chunk = store::ChunkKey(digest, offset);
  Require(store::IsChunkOf(chunk, digest) && store::ChunkOffset(chunk) == offset,
          "a chunk's key is read back");
  if (store::IsChunkOf(bytes, digest)) store::ChunkOffset(bytes);
  Require(!store::IsChunkOf(chunk.substr(1), digest), "half a key is none");
}

// A farm with a search under way, leases, and results.
const scheduler::Farm& SoundFarm() {
  static const auto& farm = *[] {
    auto* sound = new scheduler::Farm;
    sound->Submit(scheduler::SearchedSweep("training { keep_untrained: true }"));
    const v1::SyncResponse granted = sound->Sync("worker", 6);
    for (int i = 0; i < 3; ++i) {
      sound->Report("worker", scheduler::Farm::Result(granted.leases(i)));
    }
    return sound;
  }();
  return farm;
}

// The farm's records with those of the steps instead, by the names that are their keys.
template <typename Record, typename NameOf>
void Load(const std::map<std::string, Record>& sound, char prefix, const std::vector<Step>& steps,
          NameOf name_of, scheduler::Scheduler& scheduler) {
  std::map<std::string, Record> records = sound;
  for (const Step& step : steps) {
    Record record;
    const auto size = static_cast<int>(step.bytes.size());
    if (step.letter == prefix && record.ParseFromArray(step.bytes.data(), size)) {
      records[name_of(record)] = record;
    }
  }
  for (const auto& [name, record] : records) scheduler.Load(record);
}

// A sweep was valid when it was stored; all that a sweep says is another target's matter.
void LoadAll(const std::vector<Step>& steps, scheduler::Scheduler& scheduler) {
  const scheduler::Farm& farm = SoundFarm();
  for (const auto& [name, sweep] : farm.sweeps) scheduler.Load(sweep);
  const auto name_of = [](const auto& record) { return record.name(); };
  const auto key_of = [](const v1::Configuration& configuration) {
    return configuration.sweep() + "/" + configuration.key();
  };
  Load(farm.configurations, store::kConfigurationPrefix, steps, key_of, scheduler);
  Load(farm.networks, store::kNetworkPrefix, steps, name_of, scheduler);
  Load(farm.jobs, store::kJobPrefix, steps, name_of, scheduler);
}

// Whatever was taken as a farm can be worked with.
void Work(scheduler::Scheduler& scheduler, absl::Time now) {
  for (const std::string& sweep : scheduler.SweepNames()) {
    scheduler.GetSweep(sweep).status().IgnoreError();
    scheduler.ConfigurationsOf(sweep);
  }
  for (int round = 0; round < 4; ++round) {
    scheduler::Sync sync{scheduler::Farm::Request("worker", 8)};
    const scheduler::Effects effects = scheduler.Apply(sync, now);
    sync.request.set_free_slots(0);
    for (const v1::Lease& lease : std::get<v1::SyncResponse>(effects.reply).leases()) {
      *sync.request.add_reports() = scheduler::Farm::Result(lease);
    }
    scheduler.Apply(sync, now);
    now += absl::Minutes(3);
    scheduler.Apply(scheduler::Tick{}, now);
  }
}

template <typename Records>
void AddSeed(const Records& records, char prefix, std::vector<std::string>& seeds) {
  for (const auto& [name, record] : records) {
    seeds.push_back(EncodeStep(prefix, record.SerializeAsString()));
  }
}

}  // namespace

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {EncodeStep('K', "\0\0\0\0\0\1\0\2sweeps/small/jobs/x")};
  AddSeed(SoundFarm().configurations, store::kConfigurationPrefix, seeds);
  AddSeed(SoundFarm().networks, store::kNetworkPrefix, seeds);
  AddSeed(SoundFarm().jobs, store::kJobPrefix, seeds);
  return seeds;
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  testing::FLAGS_gtest_break_on_failure = true;
  // Broken bytes are the rule here.
  static const google::protobuf::LogSilencer silent;
  const std::vector<fuzz::Step> steps =
      fuzz::DecodeSteps(fuzz::AsView(data, size), fuzz::kMostSteps);
  for (const fuzz::Step& step : steps) {
    if (step.letter == 'K') fuzz::CheckKeys(step.bytes);
  }
  scheduler::Scheduler scheduler{scheduler::Options()};
  fuzz::LoadAll(steps, scheduler);
  const absl::Time now = fuzz::SoundFarm().now + absl::Seconds(1);
  const absl::Status loaded = scheduler.FinishLoading(now);
  fuzz::Require(loaded.ok() || absl::IsDataLoss(loaded), "what is damaged is refused by name");
  if (loaded.ok()) fuzz::Work(scheduler, now);
  return 0;
}
