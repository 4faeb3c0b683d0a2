#include "worker/runtime/training_pack.h"

#include <glog/logging.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/engine/validation.h"
#include "worker/runtime/pack_observer.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

absl::StatusOr<engine::Member> Prepare(Job& job, const task::Task& task) {
  auto cell = CellSpecOf(job.spec(), task);
  if (!cell.ok()) return cell.status();
  auto member = MemberOf(job.spec(), *cell);
  if (!member.ok() || job.spec().resume_from().empty()) return member;
  const std::string& digest = job.spec().resume_from();
  auto bytes = job.Download(digest);
  if (!bytes.ok()) return bytes.status();
  auto start = engine::DecodeCheckpoint(*cell, *bytes, absl::StrCat("checkpoint ", digest));
  if (!start.ok()) return start.status();
  member->start = *std::move(start);
  return member;
}

bool AnyMayGoOn(const std::vector<Job*>& jobs) {
  for (Job* job : jobs) job->Advance();
  return std::any_of(jobs.begin(), jobs.end(), [](const Job* job) { return job->MayGoOn(); });
}

// Waits for memory that others train in. Null: none of the jobs is wanted any longer.
std::unique_ptr<MemoryBudget::Share> TakeMemory(const std::vector<Job*>& jobs, int64_t bytes,
                                                Workplace& workplace) {
  for (Job* job : jobs) job->Advance("waiting for memory");
  return workplace.memory.Take(bytes, [&jobs] { return AnyMayGoOn(jobs); });
}

void LogMemory(const engine::Engine& engine, const engine::Plan& plan,
               const std::vector<engine::Member>& members, int threads, int64_t pack_bytes) {
  const int64_t one = engine.MemoryBytes(plan, absl::MakeConstSpan(members).first(1), 1);
  LOG(INFO) << "pack of " << members.size() << " begins with " << members.front().stream_key
            << ": a network takes " << MemoryText(one) << ", the pack on " << threads << " threads "
            << MemoryText(pack_bytes);
}

absl::Status StopAll(const std::vector<Job*>& jobs) {
  for (Job* job : jobs) job->Stop();
  return absl::OkStatus();
}

// On so many threads at most. Every job has ended afterwards, but for those that an error is about.
absl::Status TrainWithinMemory(const engine::Plan& plan, const Pack& pack, int threads,
                               double zero_output_mse, Workplace& workplace) {
  const Trainer& trainer = workplace.trainers.front();
  const int64_t bytes = trainer.engine->MemoryBytes(plan, pack.members, threads);
  LogMemory(*trainer.engine, plan, pack.members, threads, bytes);
  const auto share = TakeMemory(pack.jobs, bytes, workplace);
  if (share == nullptr) return StopAll(pack.jobs);
  PackObserver observer(pack, zero_output_mse, trainer, workplace);
  return trainer.engine->Train(plan, pack.members, threads, observer).status();
}

// All at once: the engine cuts the pack to the device's memory itself.
absl::Status TrainOnDevice(const engine::Plan& plan, const Pack& pack, DeviceSlots::Place& place,
                           Workplace& workplace) {
  const double zero_output_mse = engine::ZeroOutputLoss(plan);
  for (Job* job : pack.jobs) job->Advance("waiting for a device");
  const auto device = place.TakeDevice([&pack] {
    for (Job* job : pack.jobs) job->RestartTime();
    return AnyMayGoOn(pack.jobs);
  });
  if (!device) return StopAll(pack.jobs);
  const Trainer& trainer = workplace.trainers[*device];
  LOG(INFO) << "pack of " << pack.members.size() << " begins with "
            << pack.members.front().stream_key << " on " << trainer.name;
  PackObserver observer(pack, zero_output_mse, trainer, workplace);
  const absl::Status status =
      trainer.engine->Train(plan, pack.members, /*threads=*/1, observer).status();
  // What the observer still has to report is no matter of the device's.
  place.Leave();
  return status;
}

// Fewer and fewer networks side by side while memory is not enough.
absl::Status TrainFewerTogether(const engine::Plan& plan, Pack pack, Workplace& workplace) {
  const double zero_output_mse = engine::ZeroOutputLoss(plan);
  size_t threads = pack.jobs.size();
  for (;;) {
    const absl::Status status =
        TrainWithinMemory(plan, pack, static_cast<int>(threads), zero_output_mse, workplace);
    if (!absl::IsResourceExhausted(status) || threads == 1) return status;
    LOG(WARNING) << "fewer than " << threads << " networks side by side: " << status.message();
    Pack left;
    for (size_t i = 0; i < pack.jobs.size(); ++i) {
      if (!pack.jobs[i]->ended()) left.Add(*pack.jobs[i], std::move(pack.members[i]));
    }
    pack = std::move(left);
    threads = std::min((threads + 1) / 2, pack.jobs.size());
  }
}

absl::Status Train(const std::vector<std::unique_ptr<Job>>& all, Workplace& workplace,
                   DeviceSlots::Place* place) {
  auto task = all.front()->MakeTask();
  if (!task.ok()) return task.status();
  auto plan = PlanOf(all.front()->spec(), **task);
  if (!plan.ok()) return plan.status();
  Pack pack;
  for (const auto& job : all) {
    auto member = Prepare(*job, **task);
    if (member.ok()) {
      pack.Add(*job, *std::move(member));
    } else {
      job->Fail(member.status());
    }
  }
  if (pack.jobs.empty()) return absl::OkStatus();
  if (place != nullptr) return TrainOnDevice(*plan, pack, *place, workplace);
  return TrainFewerTogether(*plan, std::move(pack), workplace);
}

}  // namespace

void RunTrainingPack(const std::vector<v1::Lease>& leases, Workplace& workplace,
                     DeviceSlots::Place* place) {
  std::vector<std::unique_ptr<Job>> jobs;
  for (const v1::Lease& lease : leases) jobs.push_back(std::make_unique<Job>(lease, workplace));
  const absl::Status status =
      WithoutExceptions("training", [&] { return Train(jobs, workplace, place); });
  if (status.ok()) return;
  for (const auto& job : jobs) {
    if (!job->ended()) job->Fail(status);
  }
}

}  // namespace rnnfarm::worker
