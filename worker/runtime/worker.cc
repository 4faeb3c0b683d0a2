#include "worker/runtime/worker.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <list>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/artifact_transfer.h"
#include "base/build_info.h"
#include "base/channel.h"
#include "base/logging.h"
#include "base/steady_time.h"
#include "worker/runtime/analysis_job.h"
#include "worker/runtime/device_slots.h"
#include "worker/runtime/equipment.h"
#include "worker/runtime/lease_table.h"
#include "worker/runtime/spec_conversion.h"
#include "worker/runtime/sync_call.h"
#include "worker/runtime/training_pack.h"

namespace rnnfarm::worker {
namespace {

using std::chrono::steady_clock;

// The coordinator holds an idle worker's call open for less than this.
constexpr absl::Duration kSyncDeadline = absl::Seconds(30);
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackoff = absl::Seconds(5);
// How soon this process notices a flag that another thread or a signal handler set.
constexpr absl::Duration kPoll = absl::Milliseconds(20);
// Final reports go at once; checkpoints may wait this long for company, and so may what devices
// train: the networks of a pack end together, and each request names all leases.
constexpr absl::Duration kReportPause = absl::Milliseconds(500);
constexpr absl::Duration kShortestSync = absl::Milliseconds(50);
constexpr int kMaxNameLength = 63;

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  return name;
}

absl::Duration ToDuration(const google::protobuf::Duration& from) {
  return absl::Seconds(from.seconds()) + absl::Nanoseconds(from.nanos());
}

Options WithDefaults(Options options) {
  if (options.name.empty()) options.name = DefaultWorkerName();
  if (options.threads <= 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  return options;
}

// Errors that no waiting mends: the coordinator does not know this worker or this protocol.
bool Hopeless(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

}  // namespace

// A thread that does leased jobs.
struct JobThread {
  bool analyses = false;
  std::thread thread;
  std::atomic<bool> done{false};
};

struct Worker::Life {
  explicit Life(Options from)
      : options(WithDefaults(std::move(from))), memory(options.memory_bytes) {}

  absl::Status Run();
  absl::Status Synchronise();
  v1::SyncRequest MakeRequest() const;
  // What the answer means: stop, drain, start. True if the worker has nothing left to do here.
  bool Obey(const v1::SyncRequest& request, const v1::SyncResponse& response, TimePoint sent);
  void Start(const std::vector<v1::Lease>& leases);
  void Launch(std::vector<v1::Lease> leases);
  void JoinFinished();
  void WaitForNextSync(const v1::SyncRequest& request, const v1::SyncResponse& response,
                       absl::Time sent);
  // OK: waited; try again.
  absl::Status WaitAfter(const absl::Status& failure);
  // Well within the term that a coordinator gives every lease after its restart.
  absl::Duration LongestBackoff() const;
  void UploadCheckpoints();
  // Jobs that have a thread; where devices train, all but those.
  int taken_slots() const;
  int free_slots() const { return draining ? 0 : std::max(0, options.threads - taken_slots()); }
  // Where devices train.
  int free_packs() const;

  const Options options;
  std::atomic<bool> draining{false};
  std::atomic<bool> leaving{false};
  LeaseTable leases;
  MemoryBudget memory;
  Equipment equipment;
  std::optional<DeviceSlots> devices;  // where they train
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;
  std::optional<SyncCall> sync;
  std::optional<AnalysisDevices> analysis_devices;
  std::optional<Workplace> workplace;
  std::list<JobThread> tasks;
  absl::Time last_answer;
  std::optional<absl::Time> drain_began;
  absl::Duration backoff = kFirstBackoff;
};

absl::Status Worker::Life::Run() {
  auto equipped = Equip(options);
  if (!equipped.ok()) return equipped.status();
  equipment = *std::move(equipped);
  if (equipment.on_devices()) devices.emplace(static_cast<int>(equipment.trainers.size()));
  auto channel = base::MakeChannelOptions(options.coordinator, options.credentials);
  if (!channel.ok()) return channel.status();
  sync.emplace(base::MakeChannel(options.coordinator, *channel));
  channel->own_connection = true;
  artifacts = v1::ArtifactService::NewStub(base::MakeChannel(options.coordinator, *channel));
  analysis_devices.emplace(equipment.analysis_devices);
  workplace.emplace(Workplace{leases, *artifacts, equipment.trainers, *analysis_devices, draining,
                              leaving, options.outage_limit, options.drain_limit, memory,
                              equipment.memory_bytes});
  LOG(INFO) << "worker " << options.name << " with " << options.threads << " threads, engine "
            << equipment.engine << ", coordinator " << options.coordinator;
  std::thread uploader([this] { UploadCheckpoints(); });
  const absl::Status end = Synchronise();
  draining = true;
  leaving = true;
  leases.DropAll();
  for (JobThread& task : tasks) task.thread.join();
  tasks.clear();
  uploader.join();
  return end;
}

int Worker::Life::taken_slots() const {
  if (!devices) return leases.running();
  return static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [](const JobThread& task) {
    return task.analyses && !task.done;
  }));
}

int Worker::Life::free_packs() const {
  // Packs whose results are still on their way hold their leases.
  const int room = std::max(0, kMostLeases - leases.size() - free_slots());
  return draining ? 0 : std::min(devices->free(), room / equipment.max_pack);
}

v1::SyncRequest Worker::Life::MakeRequest() const {
  v1::SyncRequest request;
  request.set_request_id(MakeRequestId());
  request.set_worker(absl::StrCat("workers/", options.name));
  *request.mutable_capability() = CapabilityOf(equipment);
  request.set_build(base::BuildText());
  request.set_host(HostName());
  request.set_draining(draining);
  request.set_free_slots(free_slots());
  if (devices) request.set_free_packs(free_packs());
  leases.Fill(request, steady_clock::now());
  return request;
}

absl::Status Worker::Life::Synchronise() {
  std::optional<v1::SyncRequest> request;
  // When the request was first sent: the coordinator may have renewed its leases then and, asked
  // again, only repeats its answer.
  TimePoint sent;
  absl::Time sent_time;
  last_answer = base::SteadyNow();
  for (;;) {
    JoinFinished();
    if (draining && !drain_began) drain_began = base::SteadyNow();
    // A request that got no answer is sent again as it was: the coordinator may have acted on it.
    // Past the fence it may not: what was acted on shows in the answer to the next one as well.
    if (request && !leases.MayReport(*request, steady_clock::now())) request.reset();
    if (!request) {
      request = MakeRequest();
      sent = steady_clock::now();
      sent_time = base::SteadyNow();
    }
    const bool idle = request->held().empty() && !request->draining();
    const auto response =
        sync->Call(*request, kSyncDeadline, [this, idle] { return idle && draining.load(); });
    if (response.ok()) {
      last_answer = base::SteadyNow();
      backoff = kFirstBackoff;
      const v1::SyncRequest answered = *std::exchange(request, std::nullopt);
      if (Obey(answered, *response, sent)) return absl::OkStatus();
      WaitForNextSync(answered, *response, sent_time);
    } else if (idle && draining) {
      request.reset();
    } else if (auto status = WaitAfter(response.status()); !status.ok()) {
      return status;
    }
  }
}

bool Worker::Life::Obey(const v1::SyncRequest& request, const v1::SyncResponse& response,
                        TimePoint sent) {
  if (response.drain() && !draining.exchange(true)) LOG(INFO) << "told to drain";
  Start(leases.Apply(request, response, sent));
  // Only after a request that said so with nothing in hand, so that the coordinator knows.
  return request.draining() && request.held().empty() && leases.empty();
}

void Worker::Life::Start(const std::vector<v1::Lease>& fresh) {
  std::map<std::pair<int64_t, std::string>, std::vector<v1::Lease>> packs;
  for (const v1::Lease& lease : fresh) {
    const base::LogContext context({.job = lease.job(), .attempt = lease.attempt()});
    LOG(INFO) << "leased" << (lease.speculative() ? ", beside a slower worker" : "");
    if (lease.spec().kind() == v1::JOB_KIND_ANALYZE) {
      Launch({lease});
    } else {
      packs[{lease.pack(), PackKey(lease.spec())}].push_back(lease);
    }
  }
  for (auto& [key, pack] : packs) Launch(std::move(pack));
}

void Worker::Life::Launch(std::vector<v1::Lease> pack) {
  JobThread& task = tasks.emplace_back();
  task.analyses = pack.front().spec().kind() == v1::JOB_KIND_ANALYZE;
  // Taken here, so that the next request knows of it.
  auto place = devices && !task.analyses ? devices->Enter() : nullptr;
  task.thread = std::thread([this, &task, place = std::move(place), pack = std::move(pack)] {
    if (task.analyses) {
      RunAnalysis(pack.front(), *workplace);
    } else {
      RunTrainingPack(pack, *workplace, place.get());
    }
    task.done = true;
  });
}

void Worker::Life::JoinFinished() {
  tasks.remove_if([](JobThread& task) {
    if (!task.done) return false;
    task.thread.join();
    return true;
  });
}

void Worker::Life::WaitForNextSync(const v1::SyncRequest& request, const v1::SyncResponse& response,
                                   absl::Time sent) {
  absl::Duration pause = ToDuration(response.next_sync());
  // Nothing in hand any more: the coordinator holds the next call open until there is work.
  if (leases.empty() && !request.held().empty()) pause = absl::ZeroDuration();
  // Renewal must not miss the fence for the sake of a long pause.
  if (leases.holds_any() && response.has_lease_term()) {
    pause = std::min(pause, ToDuration(response.lease_term()) / 3);
  }
  const bool refused =
      std::any_of(response.outcomes().begin(), response.outcomes().end(),
                  [](const v1::ReportOutcome& outcome) { return !outcome.accepted(); });
  const absl::Time until = std::max(sent + pause, base::SteadyNow() + kShortestSync);
  while (base::SteadyNow() < until) {
    const TimePoint now = steady_clock::now();
    const bool paused = base::SteadyNow() > sent + kReportPause;
    if (!refused && (paused || !devices) && leases.HasFinalReport(now)) return;
    if (!refused && paused && leases.HasCheckpointReport(now)) return;
    // A dropped job has noticed at last.
    if (!leases.holds_any() && free_slots() > request.free_slots()) return;
    // A device trains what was ready for it; the next pack is to become ready meanwhile.
    if (devices && free_packs() > request.free_packs()) return;
    // Told to drain since: what runs will report soon, and what does not run can be said now.
    if (draining && !request.draining() && leases.running() == 0) return;
    if (draining && request.draining() && leases.empty()) return;
    absl::SleepFor(std::min(kPoll, until - base::SteadyNow()));
  }
}

absl::Duration Worker::Life::LongestBackoff() const {
  const absl::Duration term = leases.term();
  return term > absl::ZeroDuration() ? std::min(kLongestBackoff, term / 4) : kLongestBackoff;
}

absl::Status Worker::Life::WaitAfter(const absl::Status& failure) {
  if (Hopeless(failure)) return failure;
  const absl::Time now = base::SteadyNow();
  const absl::Duration silent = now - last_answer;
  if (silent > options.outage_limit || (drain_began && now - *drain_began > options.drain_limit)) {
    return absl::UnavailableError(
        absl::StrCat("no answer from the coordinator at ", options.coordinator, " for ",
                     absl::FormatDuration(silent), ": ", std::string(failure.message())));
  }
  LOG_EVERY_N(WARNING, 10) << "no answer from the coordinator at " << options.coordinator
                           << ", going on: " << failure;
  const absl::Time until = now + backoff;
  backoff = std::min(backoff * 2, LongestBackoff());
  const bool was_draining = draining, was_connected = sync->Connected();
  while (base::SteadyNow() < until && draining == was_draining) {
    absl::SleepFor(std::min(kPoll, until - base::SteadyNow()));
    // The coordinator is back: its leases run out unless they are named soon.
    if (!was_connected && sync->Connected()) break;
  }
  return absl::OkStatus();
}

void Worker::Life::UploadCheckpoints() {
  while (!leaving) {
    auto offer = leases.TakeOffer(steady_clock::now());
    if (!offer) {
      absl::SleepFor(kPoll);
      continue;
    }
    base::TransferOptions transfer;
    transfer.give_up_after = options.outage_limit;
    transfer.cancelled = [this, &offer] { return leaving.load() || !leases.Wanted(offer->id); };
    auto digest = base::UploadArtifact(*artifacts, offer->bytes, transfer);
    if (!digest.ok() && !absl::IsCancelled(digest.status())) {
      const base::LogContext context({.job = offer->id.job, .attempt = offer->id.attempt});
      LOG(WARNING) << "the checkpoint at iteration " << offer->iteration
                   << " was not stored: " << digest.status();
    }
    leases.CheckpointUploaded(*offer, digest.ok() ? *digest : "");
  }
}

Worker::Worker(Options options) : life_(std::make_unique<Life>(std::move(options))) {}
Worker::~Worker() = default;

absl::Status Worker::Run() { return life_->Run(); }

void Worker::RequestDrain() { life_->draining = true; }

std::string DefaultWorkerName() {
  std::string host = HostName();
  const std::string suffix = absl::StrCat("-", getpid());
  host = host.substr(0, kMaxNameLength - suffix.size());
  for (char& c : host) {
    c = std::isalnum(static_cast<unsigned char>(c)) ? std::tolower(static_cast<unsigned char>(c))
                                                    : '-';
  }
  // A resource id begins with a letter.
  if (host.empty() || !std::isalpha(static_cast<unsigned char>(host[0]))) host = "w" + host;
  return host + suffix;
}

}  // namespace rnnfarm::worker
