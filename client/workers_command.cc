#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/command.h"
#include "client/listing.h"
#include "client/progress.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

std::vector<Value> Row(const v1::Worker& worker) {
  const v1::Capability& capability = worker.capability();
  const std::string speed = SpeedText(worker);
  return {LastSegment(worker.name()),
          Word(worker.state()),
          int64_t{worker.leases_size()},
          worker.jobs_succeeded(),
          absl::StrJoin(capability.engine(), " "),
          int64_t{capability.threads()},
          absl::StrJoin(capability.device(), " "),
          speed.empty() ? Value() : Value(speed),
          worker.host(),
          FormatTime(worker.last_sync_time().seconds()),
          int64_t{worker.failures_in_a_row()},
          capability.has_peak_flops_per_core()
              ? Value(FormatSpeed(capability.peak_flops_per_core()))
              : Value(),
          capability.has_peak_flops_per_device()
              ? Value(FormatSpeed(capability.peak_flops_per_device()))
              : Value(),
          capability.memory_bytes() > 0 ? Value(FormatBytes(capability.memory_bytes())) : Value(),
          worker.build()};
}

int List(Program& program, const ListingArguments& arguments) {
  Table table({{"name"},
               {"state", false, true},
               {"jobs"},
               {"done"},
               {"engine"},
               {.name = "threads", .gives_way = true},
               {.name = "device", .gives_way = true},
               {.name = "speed", .gives_way = true},
               {.name = "host", .gives_way = true},
               {.name = "last_seen", .gives_way = true},
               {"failures_in_a_row", true},
               {"peak_per_core", true},
               {"peak_per_device", true},
               {"memory", true},
               {"build", true}});
  return PrintListing<v1::ListWorkersRequest, v1::ListWorkersResponse>(
      program, arguments, &Stub::ListWorkers, {}, table, [&](const v1::ListWorkersResponse& page) {
        for (const v1::Worker& worker : page.workers()) table.AddRow(Row(worker));
      });
}

int Drain(Program& program, const std::string& worker) {
  v1::DrainWorkerRequest request;
  request.set_name(absl::StartsWith(worker, "workers/") ? worker
                                                        : absl::StrCat("workers/", worker));
  request.set_request_id(NewRequestId());
  const auto response = program.Connect().Call(&Stub::DrainWorker, request);
  if (!response.ok()) return program.Fail(response.status());
  program.Say(absl::StrCat(LastSegment(request.name()), " is ", Word(response->worker().state()),
                           "; it gives back its jobs and ends"));
  return kOk;
}

}  // namespace

void AddWorkersCommands(CLI::App& app, Program& program) {
  CLI::App* group = AddGroup(app, "workers", "Workers of the coordinator", "rnnfarm workers list");

  auto listing = std::make_shared<ListingArguments>();
  AddListingOptions(*AddCommand(*group, program, "list", "Workers, as many as --limit says",
                                "rnnfarm workers list --state lost --sort -last_seen",
                                [&program, listing] { return List(program, *listing); }),
                    *listing, {WorkerStateWords(), "jobs>0 and threads>=16"});

  auto worker = std::make_shared<std::string>();
  AddCommand(*group, program, "drain", "Let a worker give back its jobs and end",
             "rnnfarm workers drain lab-pc-4711",
             [&program, worker] { return Drain(program, *worker); })
      ->add_option("worker", *worker, "Name of the worker")
      ->type_name("WORKER")
      ->required();
}

}  // namespace rnnfarm::client
