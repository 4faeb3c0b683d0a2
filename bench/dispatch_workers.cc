#include "bench/dispatch_workers.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "base/status_grpc.h"

namespace rnnfarm::bench {

struct SimulatedWorkers::Worker {
  std::unique_ptr<v1::WorkerService::Stub> stub;
  v1::SyncRequest request;
  int64_t calls = 0;
  // The call under way.
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SyncResponse>> reader;
  absl::Time begun;
  v1::SyncResponse response;
  grpc::Status status;
};

SimulatedWorkers::SimulatedWorkers(const std::string& address, int count,
                                   const SharedResults& results)
    : results_(results) {
  base::ChannelOptions own;
  own.own_connection = true;
  for (int i = 0; i < count; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->stub = v1::WorkerService::NewStub(base::MakeChannel(address, own));
    worker->request.set_worker(absl::StrCat("workers/w", i));
    worker->request.set_build("bench");
    worker->request.set_host("loopback");
    worker->request.set_free_slots(1);
    v1::Capability& capability = *worker->request.mutable_capability();
    capability.add_engine("cpu");
    capability.set_threads(1);
    capability.set_max_pack(1);
    for (v1::JobKind kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
      capability.add_kind(kind);
    }
    workers_.push_back(std::move(worker));
    Begin(*workers_.back());
  }
}

SimulatedWorkers::~SimulatedWorkers() {
  for (const auto& worker : workers_) worker->context->TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void SimulatedWorkers::Begin(Worker& worker) {
  // Each call is another request, as a real worker's is.
  worker.request.set_request_id(absl::StrCat(worker.request.worker(), "-", worker.calls++));
  worker.context = std::make_unique<grpc::ClientContext>();
  worker.begun = absl::Now();
  worker.reader = worker.stub->AsyncSync(worker.context.get(), worker.request, &queue_);
  worker.reader->Finish(&worker.response, &worker.status, &worker);
}

void SimulatedWorkers::Answered(Worker& worker) {
  if (!worker.status.ok()) {
    tally_.failure.Update(base::FromGrpc(worker.status));
    return;
  }
  ++tally_.syncs;
  const bool reported = !worker.request.reports().empty();
  if (reported) {
    tally_.sync_milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - worker.begun));
  }
  for (int i = 0; i < worker.response.outcomes_size(); ++i) {
    const v1::ReportOutcome& outcome = worker.response.outcomes(i);
    const std::string& job = worker.request.reports(i).job();
    if (outcome.accepted()) {
      tally_.accepted.push_back(job);
    } else {
      tally_.failure.Update(absl::InternalError(
          absl::StrCat("the result of ", job, " was refused: ", outcome.message())));
    }
  }
  worker.request.clear_reports();
  for (const v1::Lease& lease : worker.response.leases()) {
    *worker.request.add_reports() = results_.For(lease);
  }
  if (!reported && worker.response.leases().empty()) ++tally_.idle_syncs;
  Begin(worker);
}

void SimulatedWorkers::RunUntil(absl::Time end, size_t most_accepted) {
  void* tag = nullptr;
  bool ok = false;
  while (tally_.failure.ok() && tally_.accepted.size() < most_accepted && absl::Now() < end &&
         queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(end)) == grpc::CompletionQueue::GOT_EVENT) {
    Answered(*static_cast<Worker*>(tag));
  }
}

Tally SimulatedWorkers::TakeTally() { return std::exchange(tally_, Tally()); }

}  // namespace rnnfarm::bench
