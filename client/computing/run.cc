#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analysis/figures/matrix_image.h"
#include "base/steady_time.h"
#include "client/computing/computing.h"
#include "client/progress.h"
#include "client/pull_progress.h"
#include "client/pulled_folder.h"
#include "client/submit.h"
#include "client/sweep_file.h"
#include "client/watch.h"
#include "client/write_report.h"
#include "coordinator/service/server.h"
#include "worker/engine/devices.h"
#include "worker/runtime/trainers.h"
#include "worker/runtime/worker.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

constexpr char kStoreFolder[] = ".farm";
// The same in each run, so that the leases of a run that was killed come back with its next one.
constexpr char kWorkerName[] = "local";
constexpr char kReportFile[] = "report.html";
constexpr char kFiguresFolder[] = "figures";

// A coordinator and a worker in this process, talking over loopback.
class EmbeddedFarm {
 public:
  static absl::StatusOr<std::unique_ptr<EmbeddedFarm>> Start(const std::string& store,
                                                             const RunArguments& arguments) {
    service::CoordinatorServer::Options options;
    options.listen = "127.0.0.1:0";
    options.store.path = store;
    auto server = service::CoordinatorServer::Start(options);
    if (!server.ok()) return server.status();
    return std::unique_ptr<EmbeddedFarm>(new EmbeddedFarm(*std::move(server), arguments));
  }

  // Gives back what runs, checkpointed, and closes the store.
  ~EmbeddedFarm() {
    worker_.RequestDrain();
    thread_.join();
    server_->Shutdown();
  }

  std::string address() const { return server_->address(); }

  // Why the sweep cannot end here; OK while all is well.
  absl::Status failure() const {
    const absl::Status store = server_->failure();
    if (!store.ok()) return store;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!worker_ended_) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("the worker ended before the sweep did: ",
                     worker_end_.ok() ? "it was drained" : worker_end_.message()));
  }

 private:
  EmbeddedFarm(std::unique_ptr<service::CoordinatorServer> server, const RunArguments& arguments)
      : server_(std::move(server)), worker_(WorkerOptions(server_->address(), arguments)) {
    thread_ = std::thread([this] {
      const absl::Status end = worker_.Run();
      const std::lock_guard<std::mutex> lock(mutex_);
      worker_end_ = end;
      worker_ended_ = true;
    });
  }

  static worker::Options WorkerOptions(const std::string& address, const RunArguments& arguments) {
    worker::Options options;
    options.coordinator = address;
    options.name = kWorkerName;
    options.threads = arguments.threads;
    options.engine = arguments.engine;
    options.memory_bytes = arguments.memory_bytes;
    return options;
  }

  std::unique_ptr<service::CoordinatorServer> server_;
  worker::Worker worker_;
  std::thread thread_;
  mutable std::mutex mutex_;
  absl::Status worker_end_;
  bool worker_ended_ = false;
};

// Notices that only jobs are left that wait for a person, and what waits for them: no other worker
// will come to an embedded farm.
class HeldJobs {
 public:
  void See(const v1::Sweep& sweep) {
    held_ = 0;
    int64_t others = 0;
    for (const v1::StageCount& stage : sweep.stages()) {
      held_ += stage.held();
      others += stage.leased();
      // Analyses and comparisons may wait for held trainings.
      const bool first = stage.kind() == v1::JOB_KIND_SEARCH || stage.kind() == v1::JOB_KIND_TRAIN;
      if (first) others += stage.pending() - stage.held();
    }
    if (held_ == 0 || others > 0) since_ = absl::InfiniteFuture();
    if (since_ == absl::InfiniteFuture() && held_ > 0 && others == 0) since_ = base::SteadyNow();
  }
  // OK unless it has been so for as long as whatever backs off might wait.
  absl::Status Check() const {
    if (base::SteadyNow() - since_ < kLongest) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(held_, held_ == 1 ? " job needs" : " jobs need",
                     " more memory than there is, and the rest ",
                     "waits for that; run again with a larger --memory and --retry-failed"));
  }
  bool Stuck() const { return !Check().ok(); }

 private:
  static constexpr absl::Duration kLongest = absl::Seconds(20);
  int64_t held_ = 0;
  absl::Time since_ = absl::InfiniteFuture();
};

absl::Status RetryFailed(const Farm& farm, const std::string& sweep) {
  v1::RetryJobsRequest request;
  request.set_parent(sweep);
  request.set_request_id(NewRequestId());
  return farm.Call(&v1::FarmService::Stub::RetryJobs, request).status();
}

// The coordinator speaks of another name for the sweep; here another folder is as good.
absl::Status InFolderWords(const absl::Status& status, const std::string& out) {
  const absl::string_view message = status.message();
  const size_t open = message.find(" ("), close = message.rfind(')');
  if (!absl::IsAlreadyExists(status) || open >= close || close == message.npos) return status;
  const bool extends = absl::StrContains(message.substr(close), "--extend");
  return absl::AlreadyExistsError(absl::StrCat(
      out, " holds this sweep by another specification", message.substr(open, close + 1 - open),
      "; give another folder with --out", extends ? ", or add to this one with --extend" : ""));
}

absl::StatusOr<v1::Sweep> Train(Program& program, const RunArguments& arguments,
                                const SweepFile& file, const EmbeddedFarm& embedded,
                                const Farm& farm, HeldJobs& held) {
  const auto submitted = SubmitFile(farm, file, {.extend = arguments.extend});
  if (!submitted.ok()) return InFolderWords(submitted.status(), arguments.out);
  if (submitted->already_existed()) program.Say("going on where it stopped");
  const absl::Status marked = PulledFolder(arguments.out).Claim(submitted->sweep().spec());
  if (!marked.ok()) return marked;
  const std::string name = submitted->sweep().name();
  if (arguments.retry_failed) {
    const absl::Status retried = RetryFailed(farm, name);
    if (!retried.ok()) return retried;
  }
  WatchOptions options;
  options.view.redraw = program.terminal.err_is_terminal && !program.terminal.dumb;
  options.view.width = program.terminal.width;
  options.view.height = program.terminal.height;
  options.view.interval = absl::Seconds(arguments.interval_seconds);
  options.check = [&embedded, &held] {
    const absl::Status alive = embedded.failure();
    return alive.ok() ? held.Check() : alive;
  };
  options.seen = [&held](const v1::Sweep& sweep, const std::string&) { held.See(sweep); };
  options.failure_hint = "run again with --retry-failed to try again";
  return WatchSweep(farm, name, program.terminal.err, options);
}

int Finish(Program& program, const RunArguments& arguments, const v1::Sweep& sweep,
           const Farm& farm) {
  PullOptions options;
  options.formats = {arguments.formats.begin(), arguments.formats.end()};
  options.write_torch_files = WriteTorchFiles;
  const auto pulled = PullAndTell(program, farm, sweep.name(), arguments.out, std::move(options));
  if (!pulled.ok()) return program.Fail(pulled.status());
  const std::string report = (fs::path(arguments.out) / kReportFile).string();
  absl::Status written = WriteReport(arguments.out, report);
  if (written.ok()) {
    const std::string folder = (fs::path(arguments.out) / kFiguresFolder).string();
    written = figures::WriteMatrixImages(arguments.out, folder).status();
  }
  if (!written.ok()) return program.Fail(written);
  program.terminal.out << report << std::endl;
  return OutcomeOf(sweep);
}

// Puts what auto stands for into `engine`. Nobody else would come to do a sweep that asks for
// another device.
absl::Status ChooseEngine(const v1::Scheduling& scheduling, std::string& engine) {
  if (worker::MayTrainOnDevices(engine)) {
    const auto choice = worker::ChooseEngine(engine, {}, engine::FindDevices());
    if (!choice.ok()) return choice.status();
    engine = choice->engine;
  }
  const std::string& device = scheduling.device();
  if (device.empty() || device == "cpu" || device == engine) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the sweep's scheduling.device is \"", device, "\", which this worker with the engine ",
      engine, " does not have; give --engine=", device, " where there is one"));
}

}  // namespace

int RunSweep(Program& program, RunArguments arguments) {
  const SweepFile file = ReadSweepFile(arguments.file, arguments.set);
  if (!file.errors.empty()) {
    program.Say(file.Describe());
    return kUsage;
  }
  const absl::Status engine = ChooseEngine(file.spec.scheduling(), arguments.engine);
  if (!engine.ok()) return program.Fail(engine);
  const absl::Status folder = PulledFolder(arguments.out).Check(file.spec.name());
  if (!folder.ok()) return program.Fail(folder);
  std::error_code failed;
  fs::create_directories(arguments.out, failed);
  program.Say(DescribePopulation(file.spec));
  TakeInterruptsGracefully();
  const auto embedded =
      EmbeddedFarm::Start((fs::path(arguments.out) / kStoreFolder).string(), arguments);
  if (!embedded.ok()) return program.Fail(embedded.status());
  const Farm farm((*embedded)->address(), absl::Seconds(program.timeout_seconds));
  HeldJobs held;
  const auto sweep = Train(program, arguments, file, **embedded, farm, held);
  if (absl::IsCancelled(sweep.status())) {
    program.Say("rnnfarm: interrupted; saving what runs. The same command goes on from here.");
    return kInterrupted;
  }
  if (!sweep.ok()) {
    const int code = program.Fail(sweep.status());
    return held.Stuck() ? kFinishedWithFailures : code;
  }
  return Finish(program, arguments, *sweep, farm);
}

}  // namespace rnnfarm::client
