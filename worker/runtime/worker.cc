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
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/artifact_transfer.h"
#include "base/build_info.h"
#include "base/channel.h"
#include "worker/engine/peak.h"
#include "worker/runtime/analysis_job.h"
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
// Final reports go at once; checkpoints may wait this long for company.
constexpr absl::Duration kCheckpointPause = absl::Milliseconds(500);
constexpr absl::Duration kShortestSync = absl::Milliseconds(50);
constexpr int kMaxNameLength = 63;
constexpr double kGiga = 1e9;

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  return name;
}

int64_t MachineMemory() { return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE); }

absl::Duration ToDuration(const google::protobuf::Duration& from) {
  return absl::Seconds(from.seconds()) + absl::Nanoseconds(from.nanos());
}

Options WithDefaults(Options options) {
  if (options.name.empty()) options.name = DefaultWorkerName();
  if (options.threads <= 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  if (options.max_pack <= 0) options.max_pack = options.threads;
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
  std::thread thread;
  std::atomic<bool> done{false};
};

struct Worker::Life {
  explicit Life(Options from)
      : options(WithDefaults(std::move(from))),
        memory(options.memory_bytes),
        memory_bytes(options.memory_bytes > 0 ? options.memory_bytes : MachineMemory()) {}

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
  void UploadCheckpoints();
  int free_slots() const { return draining ? 0 : std::max(0, options.threads - leases.running()); }

  const Options options;
  std::atomic<bool> draining{false};
  std::atomic<bool> leaving{false};
  LeaseTable leases;
  MemoryBudget memory;
  // What there is for everything: the limit, or what the machine has.
  const int64_t memory_bytes;
  double peak_flops = 0;  // of one core
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;
  std::optional<SyncCall> sync;
  std::optional<Workplace> workplace;
  std::list<JobThread> tasks;
  absl::Time last_answer;
  std::optional<absl::Time> drain_began;
  absl::Duration backoff = kFirstBackoff;
};

absl::Status Worker::Life::Run() {
  auto made = engine::MakeEngine(options.engine, {.memory_bytes = options.memory_bytes});
  if (!made.ok()) return made.status();
  engine = *std::move(made);
  peak_flops = engine::MeasurePeakFlops();
  sync.emplace(base::MakeChannel(options.coordinator));
  artifacts = v1::ArtifactService::NewStub(
      base::MakeChannel(options.coordinator, {.credentials = nullptr, .own_connection = true}));
  workplace.emplace(Workplace{leases, *artifacts, *engine, draining, leaving, options.outage_limit,
                              options.drain_limit, memory, memory_bytes, peak_flops});
  LOG(INFO) << "worker " << options.name << " with " << options.threads << " threads, engine "
            << options.engine << ", coordinator " << options.coordinator;
  LOG(INFO) << absl::StrFormat(
      "one core does at most %.1f GFLOP/s; memory for training: %s", peak_flops / kGiga,
      options.memory_bytes > 0 ? MemoryText(options.memory_bytes) : std::string("no limit"));
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

v1::SyncRequest Worker::Life::MakeRequest() const {
  v1::SyncRequest request;
  request.set_request_id(MakeRequestId());
  request.set_worker(absl::StrCat("workers/", options.name));
  v1::Capability& capability = *request.mutable_capability();
  capability.add_engine(options.engine);
  capability.set_threads(options.threads);
  capability.set_memory_bytes(memory_bytes);
  if (peak_flops > 0) capability.set_peak_flops_per_core(peak_flops);
  capability.add_device("cpu");
  for (auto kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
    capability.add_kind(kind);
  }
  capability.set_max_pack(options.max_pack);
  request.set_build(base::BuildText());
  request.set_host(HostName());
  request.set_draining(draining);
  request.set_free_slots(free_slots());
  leases.Fill(request, steady_clock::now());
  return request;
}

absl::Status Worker::Life::Synchronise() {
  std::optional<v1::SyncRequest> request;
  // When the request was first sent: the coordinator may have renewed its leases then and, asked
  // again, only repeats its answer.
  TimePoint sent;
  absl::Time sent_time;
  last_answer = absl::Now();
  for (;;) {
    JoinFinished();
    if (draining && !drain_began) drain_began = absl::Now();
    // A request that got no answer is sent again as it was: the coordinator may have acted on it.
    // Past the fence it may not: what was acted on shows in the answer to the next one as well.
    if (request && !leases.MayReport(*request, steady_clock::now())) request.reset();
    if (!request) {
      request = MakeRequest();
      sent = steady_clock::now();
      sent_time = absl::Now();
    }
    const bool idle = request->held().empty() && !request->draining();
    const auto response =
        sync->Call(*request, kSyncDeadline, [this, idle] { return idle && draining.load(); });
    if (response.ok()) {
      last_answer = absl::Now();
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
    LOG(INFO) << "lease of " << lease.job() << " attempt " << lease.attempt()
              << (lease.speculative() ? ", beside a slower worker" : "");
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
  task.thread = std::thread([this, &task, pack = std::move(pack)] {
    if (pack.front().spec().kind() == v1::JOB_KIND_ANALYZE) {
      RunAnalysis(pack.front(), *workplace);
    } else {
      RunTrainingPack(pack, *workplace);
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
  const absl::Time until = std::max(sent + pause, absl::Now() + kShortestSync);
  while (absl::Now() < until) {
    const TimePoint now = steady_clock::now();
    if (!refused && leases.HasFinalReport(now)) return;
    if (!refused && absl::Now() > sent + kCheckpointPause && leases.HasCheckpointReport(now)) {
      return;
    }
    // A dropped job has noticed at last.
    if (!leases.holds_any() && free_slots() > request.free_slots()) return;
    // Told to drain since: what runs will report soon, and what does not run can be said now.
    if (draining && !request.draining() && leases.running() == 0) return;
    if (draining && request.draining() && leases.empty()) return;
    absl::SleepFor(std::min(kPoll, until - absl::Now()));
  }
}

absl::Status Worker::Life::WaitAfter(const absl::Status& failure) {
  if (Hopeless(failure)) return failure;
  const absl::Time now = absl::Now();
  const absl::Duration silent = now - last_answer;
  if (silent > options.outage_limit || (drain_began && now - *drain_began > options.drain_limit)) {
    return absl::UnavailableError(
        absl::StrCat("no answer from the coordinator at ", options.coordinator, " for ",
                     absl::FormatDuration(silent), ": ", std::string(failure.message())));
  }
  LOG_EVERY_N(WARNING, 10) << "no answer from the coordinator at " << options.coordinator
                           << ", going on: " << failure;
  const absl::Time until = now + backoff;
  backoff = std::min(backoff * 2, kLongestBackoff);
  const bool was_draining = draining, was_connected = sync->Connected();
  while (absl::Now() < until && draining == was_draining) {
    absl::SleepFor(std::min(kPoll, until - absl::Now()));
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
      LOG(WARNING) << "checkpoint of " << offer->id.job << " at iteration " << offer->iteration
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
