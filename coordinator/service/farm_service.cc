// Calls about one resource; farm_lists.cc has the lists.
#include "coordinator/service/farm_service.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/status_grpc.h"
#include "coordinator/service/paging.h"
#include "coordinator/service/resource_name.h"
#include "coordinator/service/submission.h"
#include "coordinator/service/sync_check.h"

namespace rnnfarm::service {
namespace {

absl::StatusOr<v1::Sweep> FindSweep(const scheduler::Scheduler& scheduler,
                                    const std::string& name) {
  auto sweep = scheduler.GetSweep(name);
  if (absl::IsNotFound(sweep.status())) {
    return UnknownName("sweep", name, scheduler.SweepNames());
  }
  return sweep;
}

// All names of the sweep's entries, for a hint.
template <typename Entries>
std::vector<std::string> NamesOf(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto* entry : entries) names.push_back(entry->name());
  return names;
}

absl::StatusOr<const v1::Job*> FindJob(const scheduler::Scheduler& scheduler,
                                       const std::string& name) {
  if (const v1::Job* job = scheduler.FindJob(name)) return job;
  const std::string sweep = SweepOf(name);
  if (auto status = FindSweep(scheduler, sweep).status(); !status.ok()) return status;
  return UnknownName("job", name, NamesOf(scheduler.JobsOf(sweep)));
}

// Lines of the job's log.
absl::StatusOr<int64_t> CountEvents(const Ledger& ledger, const std::string& job_name) {
  absl::StatusOr<int64_t> count = 0;
  const absl::Status read = ledger.Read([&](const scheduler::Scheduler& scheduler) {
    auto job = FindJob(scheduler, job_name);
    if (job.ok()) {
      count = (*job)->event_count();
    } else {
      count = job.status();
    }
  });
  return read.ok() ? count : read;
}

template <typename Message>
grpc::Status Answer(absl::StatusOr<Message> given, Message& answer) {
  if (given.ok()) answer = *std::move(given);
  return base::ToGrpc(given.status());
}

}  // namespace

absl::StatusOr<Ledger::Reply> FarmService::CallOnce(scheduler::Event event, const char* method,
                                                    const std::string& request_id) {
  if (request_id.size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(absl::StrCat("request_id: ", request_id.size(),
                                                   " bytes are more than ", kMaxRequestIdBytes,
                                                   "; use a UUID"));
  }
  return ledger_.Call(std::move(event), AnswerKey(method, request_id));
}

std::string FarmService::AnswerKey(const char* method, const std::string& request_id) {
  return request_id.empty() ? "" : absl::StrCat(method, "/", request_id);
}

grpc::Status FarmService::GetVersion(grpc::ServerContext*, const v1::GetVersionRequest*,
                                     v1::GetVersionResponse* response) {
  response->set_version(base::GetBuildInfo().version);
  response->set_build(base::BuildText());
  return grpc::Status::OK;
}

grpc::Status FarmService::SubmitSweep(grpc::ServerContext*, const v1::SubmitSweepRequest* request,
                                      v1::SubmitSweepResponse* response) {
  const std::string request_id = request->validate_only() ? "" : request->request_id();
  // The disk may have filled since.
  auto first = FirstAnswer<v1::SubmitSweepResponse>("SubmitSweep", request_id);
  if (!absl::IsNotFound(first.status())) return Answer(std::move(first), *response);
  auto status = CheckSubmission(*request, max_networks_, store_);
  if (!status.ok()) return base::ToGrpc(status);
  scheduler::Submit submit{*request};
  // Nothing is uploaded for a submission that is only tried.
  status = ReadImports(store_, /*may_be_absent=*/request->validate_only(),
                       *submit.request.mutable_spec());
  if (!status.ok()) return base::ToGrpc(status);
  return Answer(Change<v1::SubmitSweepResponse>(std::move(submit), "SubmitSweep", request_id),
                *response);
}

grpc::Status FarmService::GetSweep(grpc::ServerContext*, const v1::GetSweepRequest* request,
                                   v1::GetSweepResponse* response) {
  auto status = CheckName("name", request->name(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    auto sweep = FindSweep(scheduler, request->name());
    if (sweep.ok()) *response->mutable_sweep() = *std::move(sweep);
    status = sweep.status();
  });
  return base::ToGrpc(read.ok() ? status : read);
}

template <typename Event, typename Request, typename Response>
grpc::Status FarmService::ChangeSweep(const char* method, const Request& request,
                                      Response* response) {
  auto status = CheckName("name", request.name(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  // The sweep may be gone since.
  auto sweep = FirstAnswer<v1::Sweep>(method, request.request_id());
  if (absl::IsNotFound(sweep.status())) {
    absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
      status = FindSweep(scheduler, request.name()).status();
    });
    if (!read.ok()) return base::ToGrpc(read);
    if (!status.ok()) return base::ToGrpc(status);
    sweep = Change<v1::Sweep>(Event{request.name()}, method, request.request_id());
  }
  return Answer(std::move(sweep), *response->mutable_sweep());
}

grpc::Status FarmService::CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest* request,
                                      v1::CancelSweepResponse* response) {
  return ChangeSweep<scheduler::CancelSweep>("CancelSweep", *request, response);
}

grpc::Status FarmService::PauseSweep(grpc::ServerContext*, const v1::PauseSweepRequest* request,
                                     v1::PauseSweepResponse* response) {
  return ChangeSweep<scheduler::PauseSweep>("PauseSweep", *request, response);
}

grpc::Status FarmService::ResumeSweep(grpc::ServerContext*, const v1::ResumeSweepRequest* request,
                                      v1::ResumeSweepResponse* response) {
  return ChangeSweep<scheduler::ResumeSweep>("ResumeSweep", *request, response);
}

grpc::Status FarmService::DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest* request,
                                      v1::DeleteSweepResponse* response) {
  return ChangeSweep<scheduler::DeleteSweep>("DeleteSweep", *request, response);
}

grpc::Status FarmService::GetNetwork(grpc::ServerContext*, const v1::GetNetworkRequest* request,
                                     v1::GetNetworkResponse* response) {
  auto status = CheckName("name", request->name(), "sweeps/{sweep}/networks/{network}");
  if (!status.ok()) return base::ToGrpc(status);
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    if (const v1::Network* network = scheduler.FindNetwork(request->name())) {
      *response->mutable_network() = *network;
      return;
    }
    const std::string sweep = SweepOf(request->name());
    status = FindSweep(scheduler, sweep).status();
    if (status.ok()) {
      status = UnknownName("network", request->name(), NamesOf(scheduler.NetworksOf(sweep)));
    }
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                                 v1::GetJobResponse* response) {
  auto status = CheckName("name", request->name(), "sweeps/{sweep}/jobs/{job}");
  if (!status.ok()) return base::ToGrpc(status);
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    auto job = FindJob(scheduler, request->name());
    if (job.ok()) *response->mutable_job() = **job;
    status = job.status();
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::ListJobEvents(grpc::ServerContext*,
                                        const v1::ListJobEventsRequest* request,
                                        v1::ListJobEventsResponse* response) {
  const std::string& job_name = request->parent();
  auto status = CheckName("parent", job_name, "sweeps/{sweep}/jobs/{job}");
  if (!status.ok()) return base::ToGrpc(status);
  auto page =
      ParsePage(request->page_size(), request->page_token(), absl::StrCat("events|", job_name));
  if (!page.ok()) return base::ToGrpc(page.status());
  auto total = CountEvents(ledger_, job_name);
  if (!total.ok()) return base::ToGrpc(total.status());
  // What the ledger shows is durable, and a log only grows: the lines are there.
  const int count = static_cast<int>(std::max<int64_t>(0, page->end(*total) - page->first));
  auto events = store_.ReadEvents(job_name, page->first, count);
  if (events.ok() && static_cast<int>(events->size()) < count) {
    const auto now = CountEvents(ledger_, job_name);
    // Unless its sweep was deleted meanwhile; another one of the name may be there.
    if (!now.ok()) return base::ToGrpc(now.status());
    events = *now < *total
                 ? absl::NotFoundError(absl::StrCat("the job ", job_name,
                                                    " was deleted with its sweep and is another "
                                                    "one now; read its log from the beginning"))
                 : absl::DataLossError(absl::StrCat("the log of ", job_name, " ends at line ",
                                                    page->first + events->size(), " of ", *total,
                                                    "; check the store"));
  }
  if (!events.ok()) return base::ToGrpc(events.status());
  for (v1::JobEvent& event : *events) *response->add_events() = std::move(event);
  response->set_next_page_token(page->NextToken(*total));
  response->set_total_size(*total);
  return grpc::Status::OK;
}

namespace {

absl::StatusOr<v1::Worker> FindWorker(const Ledger& ledger, const std::string& name) {
  if (auto status = CheckName("name", name, "workers/{worker}"); !status.ok()) return status;
  std::vector<v1::Worker> workers;
  absl::Status read =
      ledger.Read([&](const scheduler::Scheduler& scheduler) { workers = scheduler.Workers(); });
  if (!read.ok()) return read;
  std::vector<std::string> names;
  for (v1::Worker& worker : workers) {
    if (worker.name() == name) return std::move(worker);
    names.push_back(worker.name());
  }
  return UnknownName("worker", name, names);
}

}  // namespace

grpc::Status FarmService::GetWorker(grpc::ServerContext*, const v1::GetWorkerRequest* request,
                                    v1::GetWorkerResponse* response) {
  auto worker = FindWorker(ledger_, request->name());
  if (worker.ok()) *response->mutable_worker() = *std::move(worker);
  return base::ToGrpc(worker.status());
}

grpc::Status FarmService::DrainWorker(grpc::ServerContext*, const v1::DrainWorkerRequest* request,
                                      v1::DrainWorkerResponse* response) {
  if (request->name() == kCoordinatorWorker) {
    return base::ToGrpc(absl::FailedPreconditionError(
        absl::StrCat(kCoordinatorWorker,
                     " is the coordinator itself, and nobody else compares; to compare no "
                     "more, pause or cancel the sweep")));
  }
  // The worker may be gone since.
  auto worker = FirstAnswer<v1::Worker>("DrainWorker", request->request_id());
  if (absl::IsNotFound(worker.status())) {
    worker = FindWorker(ledger_, request->name());
    if (worker.ok()) {
      worker = Change<v1::Worker>(scheduler::DrainWorker{request->name()}, "DrainWorker",
                                  request->request_id());
    }
  }
  return Answer(std::move(worker), *response->mutable_worker());
}

}  // namespace rnnfarm::service
