#include "worker/runtime/training_pack.h"

#include <glog/logging.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/engine/validation.h"
#include "worker/runtime/spec_conversion.h"
#include "worker/runtime/training_report.h"

namespace rnnfarm::worker {
namespace {

// The jobs of one pack that have not ended, and what the engine is to do for each.
struct Pack {
  std::vector<Job*> jobs;
  std::vector<engine::Member> members;

  void Add(Job& job, engine::Member member) {
    jobs.push_back(&job);
    members.push_back(std::move(member));
  }
};

// Tells the lease table how far the pack's members are, hands it their checkpoints, and reports
// each member as soon as it ends.
class PackObserver : public engine::Observer {
 public:
  PackObserver(const Pack& pack, double zero_output_mse, Workplace& workplace)
      : pack_(pack),
        zero_output_mse_(zero_output_mse),
        workplace_(workplace),
        at_work_(pack.jobs.size()) {}

  bool OnProgress(size_t member, const engine::Progress& from) override {
    at_work_[member] = true;
    v1::Progress progress;
    progress.set_iteration(from.iteration);
    progress.set_iterations(pack_.members[member].until_iteration);
    progress.set_loss(from.loss);
    progress.set_iterations_per_second(from.iterations_per_second);
    // Nothing is told rather than 0 of what is not known.
    if (from.operations_per_second > 0) {
      progress.set_operations_per_second(from.operations_per_second);
      if (workplace_.peak_flops > 0) {
        progress.set_share_of_peak(from.operations_per_second / workplace_.peak_flops);
      }
    }
    progress.set_phase("training");
    pack_.jobs[member]->SetProgress(std::move(progress));
    AdvanceThoseThatWait();
    return pack_.jobs[member]->MayGoOn();
  }

  void OnCheckpoint(size_t member, const engine::Checkpoint& checkpoint) override {
    const Job& job = *pack_.jobs[member];
    auto bytes = engine::EncodeCheckpoint(pack_.members[member].cell, checkpoint);
    if (!bytes.ok()) {
      const base::LogContext context(job.LogFields());
      LOG(ERROR) << "a checkpoint cannot be written: " << bytes.status();
      return;
    }
    workplace_.leases.OfferCheckpoint(job.id(), checkpoint.iteration, *std::move(bytes));
  }

  void OnEnd(size_t member, const engine::Outcome& outcome) override {
    at_work_[member] = true;
    Job& job = *pack_.jobs[member];
    const base::LogContext context(job.LogFields());
    const absl::Status status = WithoutExceptions("reporting the training", [&] {
      return ReportTraining(job, pack_.members[member], outcome, zero_output_mse_,
                            workplace_.engine.name());
    });
    if (!status.ok()) job.Fail(status);
  }

  void OnFailure(size_t member, const absl::Status& failure) override {
    // What did not fit beside the others waits until they have ended.
    at_work_[member] = false;
    if (!absl::IsResourceExhausted(failure)) pack_.jobs[member]->Fail(failure);
  }

 private:
  // A pack may have more members than threads; those whose turn has not come live on the progress
  // of the others.
  void AdvanceThoseThatWait() {
    for (size_t i = 0; i < at_work_.size(); ++i) {
      if (!at_work_[i]) pack_.jobs[i]->Advance();
    }
  }

  const Pack& pack_;
  const double zero_output_mse_;
  Workplace& workplace_;
  std::vector<std::atomic<bool>> at_work_;
};

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

// Waits for memory that others train in. Null: none of the jobs is wanted any longer.
std::unique_ptr<MemoryBudget::Share> TakeMemory(const std::vector<Job*>& jobs, int64_t bytes,
                                                Workplace& workplace) {
  for (Job* job : jobs) job->Advance("waiting for memory");
  return workplace.memory.Take(bytes, [&jobs] {
    for (Job* job : jobs) job->Advance();
    return std::any_of(jobs.begin(), jobs.end(), [](const Job* job) { return job->MayGoOn(); });
  });
}

void LogMemory(const engine::Engine& engine, const engine::Plan& plan,
               const std::vector<engine::Member>& members, int threads, int64_t pack_bytes) {
  const int64_t one = engine.MemoryBytes(plan, absl::MakeConstSpan(members).first(1), 1);
  LOG(INFO) << "pack of " << members.size() << " begins with " << members.front().stream_key
            << ": a network takes " << MemoryText(one) << ", the pack on " << threads << " threads "
            << MemoryText(pack_bytes);
}

// On so many threads at most. Every job has ended afterwards, but for those that an error is about.
absl::Status TrainWithinMemory(const engine::Plan& plan, const Pack& pack, int threads,
                               double zero_output_mse, Workplace& workplace) {
  const int64_t bytes = workplace.engine.MemoryBytes(plan, pack.members, threads);
  LogMemory(workplace.engine, plan, pack.members, threads, bytes);
  const auto share = TakeMemory(pack.jobs, bytes, workplace);
  if (share == nullptr) {
    for (Job* job : pack.jobs) job->Stop();
    return absl::OkStatus();
  }
  PackObserver observer(pack, zero_output_mse, workplace);
  return workplace.engine.Train(plan, pack.members, threads, observer).status();
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

absl::Status Train(const std::vector<std::unique_ptr<Job>>& all, Workplace& workplace) {
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
  return TrainFewerTogether(*plan, std::move(pack), workplace);
}

}  // namespace

void RunTrainingPack(const std::vector<v1::Lease>& leases, Workplace& workplace) {
  std::vector<std::unique_ptr<Job>> jobs;
  for (const v1::Lease& lease : leases) jobs.push_back(std::make_unique<Job>(lease, workplace));
  const absl::Status status = WithoutExceptions("training", [&] { return Train(jobs, workplace); });
  if (status.ok()) return;
  for (const auto& job : jobs) {
    if (!job->ended()) job->Fail(status);
  }
}

}  // namespace rnnfarm::worker
