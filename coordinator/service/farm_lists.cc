// The lists of FarmService, and RetryJobs, which selects as a list does.
#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_grpc.h"
#include "coordinator/population/population.h"
#include "coordinator/service/farm_service.h"
#include "coordinator/service/fill_page.h"
#include "coordinator/service/paging.h"
#include "coordinator/service/resource_fields.h"
#include "coordinator/service/resource_filter.h"
#include "coordinator/service/resource_name.h"

namespace rnnfarm::service {
namespace {

constexpr char kAllSweeps[] = "sweeps/-";

absl::Status CheckSweep(const scheduler::Scheduler& scheduler, const std::string& name) {
  const std::vector<std::string> names = scheduler.SweepNames();
  if (std::find(names.begin(), names.end(), name) != names.end()) return absl::OkStatus();
  return UnknownName("sweep", name, names);
}

// Fields of the sweeps' further axes, which the configurations carry.
std::vector<std::string> AxesOf(const scheduler::Scheduler& scheduler,
                                const std::vector<std::string>& sweeps) {
  std::map<std::string, bool> axes;
  for (const std::string& sweep : sweeps) {
    for (const v1::Configuration* configuration : scheduler.ConfigurationsOf(sweep)) {
      for (const auto& [name, value] : configuration->axes()) axes[name] = true;
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, present] : axes) names.push_back(name);
  return names;
}

// The entries that match, in order.
template <typename Entry>
absl::StatusOr<std::vector<const Entry*>> Select(
    const std::vector<const Entry*>& entries, const std::vector<Field>& fields,
    const std::string& filter_text, const std::string& order_text,
    const std::function<FieldValue(const Entry&, absl::string_view)>& read) {
  auto filter = ResourceFilter::Parse(filter_text, fields);
  if (!filter.ok()) return filter.status();
  auto order = ResourceOrder::Parse(order_text, fields);
  if (!order.ok()) return order.status();
  if (filter->empty() && order->empty()) return entries;
  auto reader = [&read](const Entry* entry) {
    return [&read, entry](absl::string_view field) { return read(*entry, field); };
  };
  std::vector<const Entry*> matching;
  for (const Entry* entry : entries) {
    if (filter->Matches(reader(entry))) matching.push_back(entry);
  }
  std::vector<const Entry*> sorted;
  for (size_t i :
       order->Sorted(matching.size(), [&](size_t index) { return reader(matching[index]); })) {
    sorted.push_back(matching[i]);
  }
  return sorted;
}

template <typename Entry>
std::vector<const Entry*> PointersTo(const std::vector<Entry>& entries) {
  std::vector<const Entry*> pointers;
  for (const Entry& entry : entries) pointers.push_back(&entry);
  return pointers;
}

// The page of a list that is filtered and ordered. `list`: what it lists, of what.
template <typename Request>
absl::StatusOr<Page> PageOf(const std::string& list, const Request& request) {
  return ParsePage(request.page_size(), request.page_token(),
                   absl::StrCat(list, "|", request.filter(), "|", request.order_by()));
}

// A page of the entries that match, selected again for each: these lists are short.
template <typename Entry, typename Request, typename Response, typename Add>
absl::Status FillMatching(const Page& page, const Request& request, Response* response,
                          const std::vector<const Entry*>& entries,
                          const std::vector<Field>& fields,
                          const std::function<FieldValue(const Entry&, absl::string_view)>& read,
                          const Add& add) {
  const auto matching = Select<Entry>(entries, fields, request.filter(), request.order_by(), read);
  if (!matching.ok()) return matching.status();
  FillRecords(
      page, static_cast<int64_t>(matching->size()), response,
      [&](int64_t i) { return (*matching)[i]; }, add);
  return absl::OkStatus();
}

FieldValue ReadJob(const scheduler::Scheduler& scheduler, const v1::Job& job,
                   absl::string_view field) {
  const std::string sweep = SweepOf(job.name());
  const v1::Network* network =
      job.network().empty()
          ? nullptr
          : scheduler.FindNetwork(absl::StrCat(sweep, "/networks/", job.network()));
  const v1::Configuration* configuration =
      job.configuration().empty() ? nullptr
                                  : scheduler.FindConfiguration(sweep, job.configuration());
  return ReadJobField(job, network, configuration, field);
}

absl::StatusOr<std::vector<const v1::Job*>> SelectJobs(const scheduler::Scheduler& scheduler,
                                                       const std::string& parent,
                                                       const std::string& filter,
                                                       const std::string& order) {
  std::vector<std::string> sweeps = {parent};
  if (parent == kAllSweeps) {
    sweeps = scheduler.SweepNames();
  } else if (auto status = CheckSweep(scheduler, parent); !status.ok()) {
    return status;
  }
  std::vector<const v1::Job*> jobs;
  for (const std::string& sweep : sweeps) {
    for (const v1::Job* job : scheduler.JobsOf(sweep)) jobs.push_back(job);
  }
  return Select<v1::Job>(
      jobs, JobFields(AxesOf(scheduler, sweeps)), filter, order,
      [&](const v1::Job& job, absl::string_view field) { return ReadJob(scheduler, job, field); });
}

template <typename Request>
bool SelectsOrSorts(const Request& request) {
  return !request.filter().empty() || !request.order_by().empty();
}

// Result paths and digests, in order of path. A later comparison of a task replaces an earlier.
std::map<std::string, std::string> ResultFiles(const scheduler::Scheduler& scheduler,
                                               const std::string& sweep) {
  std::map<std::string, std::string> files;
  for (const v1::Network* network : scheduler.NetworksOf(sweep)) {
    for (const auto& [role, digest] : network->artifacts()) {
      const std::string path = population::ResultPath(*network, role);
      if (!path.empty()) files[path] = digest;
    }
  }
  for (const v1::Configuration* configuration : scheduler.ConfigurationsOf(sweep)) {
    for (const v1::SearchTrial& trial : configuration->trials()) {
      if (trial.curve().empty()) continue;
      files[population::CurvePath(*configuration, trial.draw())] = trial.curve();
    }
  }
  for (const v1::Job* job : scheduler.JobsOf(sweep)) {
    if (job->kind() != v1::JOB_KIND_COMPARE) continue;
    for (const auto& [path, digest] : job->artifacts()) files[path] = digest;
  }
  return files;
}

}  // namespace

grpc::Status FarmService::ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest* request,
                                     v1::ListSweepsResponse* response) {
  auto page = PageOf("sweeps", *request);
  if (!page.ok()) return base::ToGrpc(page.status());
  absl::Status status;
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    const std::vector<std::string> names = scheduler.SweepNames();
    const auto described = [&](int64_t i) {
      v1::Sweep sweep = *scheduler.GetSweep(names[i]);
      sweep.clear_search_failures();  // many sweeps are one message
      return sweep;
    };
    if (!SelectsOrSorts(*request)) {  // only those of the page are described
      return FillPage(*page, static_cast<int64_t>(names.size()), response,
                      [&](int64_t i) { *response->add_sweeps() = described(i); });
    }
    std::vector<v1::Sweep> sweeps;
    for (size_t i = 0; i < names.size(); ++i) sweeps.push_back(described(i));
    status = FillMatching<v1::Sweep>(
        *page, *request, response, PointersTo(sweeps), SweepFields(), ReadSweepField,
        [&](const v1::Sweep& sweep) { *response->add_sweeps() = sweep; });
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::ListNetworks(grpc::ServerContext*, const v1::ListNetworksRequest* request,
                                       v1::ListNetworksResponse* response) {
  auto status = CheckName("parent", request->parent(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  auto page = PageOf("networks|" + request->parent(), *request);
  if (!page.ok()) return base::ToGrpc(page.status());
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    status = CheckSweep(scheduler, request->parent());
    if (!status.ok()) return;
    status = FillSelected(
        selections_, *page, SelectsOrSorts(*request), response,
        [&] {
          return Select<v1::Network>(scheduler.NetworksOf(request->parent()),
                                     NetworkFields(AxesOf(scheduler, {request->parent()})),
                                     request->filter(), request->order_by(), ReadNetworkField);
        },
        [&](const std::string& name) { return scheduler.FindNetwork(name); },
        [&](const v1::Network& network) { *response->add_networks() = network; });
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::ListConfigurations(grpc::ServerContext*,
                                             const v1::ListConfigurationsRequest* request,
                                             v1::ListConfigurationsResponse* response) {
  auto status = CheckName("parent", request->parent(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  auto page = PageOf("configurations|" + request->parent(), *request);
  if (!page.ok()) return base::ToGrpc(page.status());
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    status = CheckSweep(scheduler, request->parent());
    if (!status.ok()) return;
    status = FillMatching<v1::Configuration>(
        *page, *request, response, scheduler.ConfigurationsOf(request->parent()),
        ConfigurationFields(AxesOf(scheduler, {request->parent()})), ReadConfigurationField,
        [&](const v1::Configuration& each) { *response->add_configurations() = each; });
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                                   v1::ListJobsResponse* response) {
  auto status = CheckName("parent", request->parent(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  auto page = PageOf("jobs|" + request->parent(), *request);
  if (!page.ok()) return base::ToGrpc(page.status());
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    // A selection may have been kept of a sweep that was deleted since.
    if (request->parent() != kAllSweeps) status = CheckSweep(scheduler, request->parent());
    if (!status.ok()) return;
    status = FillSelected(
        selections_, *page, SelectsOrSorts(*request), response,
        [&] {
          return SelectJobs(scheduler, request->parent(), request->filter(), request->order_by());
        },
        [&](const std::string& name) { return scheduler.FindJob(name); },
        [&](const v1::Job& job) { *response->add_jobs() = job; });
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::RetryJobs(grpc::ServerContext*, const v1::RetryJobsRequest* request,
                                    v1::RetryJobsResponse* response) {
  auto status = CheckName("parent", request->parent(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  const std::string request_id = request->validate_only() ? "" : request->request_id();
  // The sweep may be gone since.
  auto first = FirstAnswer<v1::RetryJobsResponse>("RetryJobs", request_id);
  if (first.ok()) *response = *std::move(first);
  if (!absl::IsNotFound(first.status())) return base::ToGrpc(first.status());
  scheduler::RetryJobs event;
  event.validate_only = request->validate_only();
  event.reseed = request->reseed();
  const std::set<std::string> named(request->jobs().begin(), request->jobs().end());
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    auto jobs = SelectJobs(scheduler, request->parent(), request->filter(), "");
    status = jobs.status();
    if (!status.ok()) return;
    for (const v1::Job* job : *jobs) {
      if (!named.empty() && !named.contains(job->name())) continue;
      if (scheduler::CanBeRetried(*job, request->reseed())) event.jobs.push_back(job->name());
    }
  });
  if (!read.ok()) return base::ToGrpc(read);
  if (!status.ok()) return base::ToGrpc(status);
  auto answer = Change<v1::RetryJobsResponse>(std::move(event), "RetryJobs", request_id);
  if (answer.ok()) *response = *std::move(answer);
  return base::ToGrpc(answer.status());
}

grpc::Status FarmService::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest* request,
                                      v1::ListWorkersResponse* response) {
  auto page = PageOf("workers", *request);
  if (!page.ok()) return base::ToGrpc(page.status());
  absl::Status status;
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    const std::vector<v1::Worker> workers = scheduler.Workers();
    status = FillMatching<v1::Worker>(
        *page, *request, response, PointersTo(workers), WorkerFields(), ReadWorkerField,
        [&](const v1::Worker& worker) { *response->add_workers() = worker; });
  });
  return base::ToGrpc(read.ok() ? status : read);
}

grpc::Status FarmService::ListResultFiles(grpc::ServerContext*,
                                          const v1::ListResultFilesRequest* request,
                                          v1::ListResultFilesResponse* response) {
  auto status = CheckName("parent", request->parent(), "sweeps/{sweep}");
  if (!status.ok()) return base::ToGrpc(status);
  auto page = ParsePage(request->page_size(), request->page_token(),
                        absl::StrCat("files|", request->parent()));
  if (!page.ok()) return base::ToGrpc(page.status());
  std::map<std::string, std::string> files;
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    status = CheckSweep(scheduler, request->parent());
    if (status.ok()) files = ResultFiles(scheduler, request->parent());
  });
  if (!read.ok()) return base::ToGrpc(read);
  if (!status.ok()) return base::ToGrpc(status);
  const std::vector<std::pair<std::string, std::string>> ordered(files.begin(), files.end());
  FillPage(*page, static_cast<int64_t>(ordered.size()), response, [&](int64_t i) {
    v1::ResultFile* file = response->add_files();
    file->set_path(ordered[i].first);
    file->set_digest(ordered[i].second);
    auto artifact = store_.GetArtifact(ordered[i].second);
    if (artifact.ok()) file->set_size_bytes(artifact->size_bytes());
    if (!artifact.ok() && status.ok()) status = artifact.status();
  });
  return base::ToGrpc(status);
}

}  // namespace rnnfarm::service
