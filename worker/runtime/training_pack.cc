#include "worker/runtime/training_pack.h"

#include <glog/logging.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "worker/engine/validation.h"
#include "worker/rnn/network_file.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

// Tells the lease table how far the pack's members are and hands it their checkpoints.
class PackObserver : public engine::Observer {
 public:
  PackObserver(const std::vector<Job*>& jobs, const std::vector<engine::Member>& members,
               Workplace& workplace)
      : jobs_(jobs), members_(members), workplace_(workplace) {}

  bool OnProgress(size_t member, const engine::Progress& from) override {
    v1::Progress progress;
    progress.set_iteration(from.iteration);
    progress.set_iterations(members_[member].until_iteration);
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
    jobs_[member]->SetProgress(std::move(progress));
    return jobs_[member]->MayGoOn();
  }

  void OnCheckpoint(size_t member, const engine::Checkpoint& checkpoint) override {
    auto bytes = engine::EncodeCheckpoint(members_[member].cell, checkpoint);
    if (!bytes.ok()) {
      const base::LogContext context(jobs_[member]->LogFields());
      LOG(ERROR) << "a checkpoint cannot be written: " << bytes.status();
      return;
    }
    workplace_.leases.OfferCheckpoint(jobs_[member]->id(), checkpoint.iteration, *std::move(bytes));
  }

 private:
  const std::vector<Job*>& jobs_;
  const std::vector<engine::Member>& members_;
  Workplace& workplace_;
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

absl::StatusOr<std::string> UploadCheckpoint(Job& job, const engine::Member& member,
                                             const engine::Checkpoint& checkpoint) {
  auto bytes = engine::EncodeCheckpoint(member.cell, checkpoint);
  if (!bytes.ok()) return bytes.status();
  return job.Upload(*bytes);
}

absl::StatusOr<std::string> UploadNetwork(Job& job, const engine::Member& member,
                                          const engine::Checkpoint& last) {
  rnn::NetworkFile file;
  file.spec = member.cell;
  file.parameters = last.parameters;
  file.loss_curve = last.loss_curve;
  file.meta = MetaOf(job.spec());
  auto bytes = rnn::EncodeNetwork(file);
  if (!bytes.ok()) return bytes.status();
  return job.Upload(*bytes);
}

// The losses of a search's draw: points x (iteration, training loss, validation loss), float64.
absl::StatusOr<std::string> UploadCurve(Job& job, const std::vector<rnn::LossPoint>& curve) {
  std::vector<double> values;
  for (const rnn::LossPoint& point : curve) {
    values.insert(values.end(),
                  {static_cast<double>(point.iteration), point.train_loss, point.validation_loss});
  }
  const auto points = static_cast<int64_t>(curve.size());
  return job.Upload(base::EncodeNpy(base::Array::Of<double>({points, 3}, values)));
}

absl::Status ReportStopped(Job& job, const engine::Member& member, const engine::Outcome& outcome) {
  if (outcome.last.iteration <= member.start.iteration) {
    job.Stop();  // no further than where it began
    return absl::OkStatus();
  }
  auto digest = UploadCheckpoint(job, member, outcome.last);
  if (!digest.ok()) return digest.status();
  v1::Checkpoint checkpoint;
  checkpoint.set_iteration(outcome.last.iteration);
  checkpoint.set_digest(*digest);
  job.Stop(std::move(checkpoint));
  return absl::OkStatus();
}

absl::Status UploadResults(Job& job, const engine::Member& member, const engine::Outcome& outcome,
                           v1::JobResult& result) {
  const auto add = [&result](const char* role, const absl::StatusOr<std::string>& digest) {
    if (digest.ok()) (*result.mutable_artifacts())[role] = *digest;
    return digest.status();
  };
  absl::Status status;
  const bool searches = job.spec().kind() == v1::JOB_KIND_SEARCH;
  if (searches && !outcome.last.loss_curve.empty()) {
    status.Update(add("curve", UploadCurve(job, outcome.last.loss_curve)));
  }
  if (result.diverged()) return status;
  if (status.ok()) status.Update(add("checkpoint", UploadCheckpoint(job, member, outcome.last)));
  // A search looks for hyperparameters; its networks are nobody's result.
  if (status.ok() && !searches) {
    status.Update(add("network", UploadNetwork(job, member, outcome.last)));
  }
  return status;
}

absl::Status Report(Job& job, const engine::Member& member, const engine::Outcome& outcome,
                    double zero_output_mse, absl::string_view engine) {
  if (outcome.ending == engine::Ending::kStopped) return ReportStopped(job, member, outcome);
  v1::JobResult result;
  *result.mutable_training() = SummaryOf(outcome, engine);
  result.mutable_training()->set_zero_output_mse(zero_output_mse);
  result.set_diverged(outcome.ending == engine::Ending::kDiverged);
  const absl::Status uploaded = UploadResults(job, member, outcome, result);
  if (!uploaded.ok()) return uploaded;
  job.Succeed(std::move(result));
  return absl::OkStatus();
}

// Waits for memory that others train in. Null: none of the jobs is wanted any longer.
std::unique_ptr<MemoryBudget::Share> TakeMemory(const std::vector<Job*>& jobs, int64_t bytes,
                                                Workplace& workplace) {
  v1::Progress waiting;
  waiting.set_phase("waiting for memory");
  for (Job* job : jobs) job->SetProgress(waiting);
  return workplace.memory.Take(bytes, [&jobs] {
    return std::any_of(jobs.begin(), jobs.end(), [](const Job* job) { return job->MayGoOn(); });
  });
}

void LogMemory(const engine::Engine& engine, const engine::Plan& plan,
               const std::vector<engine::Member>& members, int64_t pack_bytes) {
  const int64_t one = engine.MemoryBytes(plan, absl::MakeConstSpan(members).first(1), 1);
  LOG(INFO) << "pack of " << members.size() << " begins with " << members.front().stream_key
            << ": a network takes " << MemoryText(one) << ", the pack on " << members.size()
            << " threads " << MemoryText(pack_bytes);
}

// Without outcomes if all jobs were stopped before memory was free.
absl::StatusOr<std::vector<engine::Outcome>> TrainWithinMemory(
    const engine::Plan& plan, const std::vector<Job*>& jobs,
    const std::vector<engine::Member>& members, Workplace& workplace) {
  const int threads = static_cast<int>(members.size());
  const int64_t bytes = workplace.engine.MemoryBytes(plan, members, threads);
  LogMemory(workplace.engine, plan, members, bytes);
  const auto share = TakeMemory(jobs, bytes, workplace);
  if (share == nullptr) {
    for (Job* job : jobs) job->Stop();
    return std::vector<engine::Outcome>();
  }
  PackObserver observer(jobs, members, workplace);
  return workplace.engine.Train(plan, members, threads, observer);
}

absl::Status Train(const std::vector<std::unique_ptr<Job>>& all, Workplace& workplace) {
  auto task = all.front()->MakeTask();
  if (!task.ok()) return task.status();
  auto plan = PlanOf(all.front()->spec(), **task);
  if (!plan.ok()) return plan.status();
  std::vector<Job*> jobs;
  std::vector<engine::Member> members;
  for (const auto& job : all) {
    auto member = Prepare(*job, **task);
    if (member.ok()) {
      jobs.push_back(job.get());
      members.push_back(*std::move(member));
    } else {
      job->Fail(member.status());
    }
  }
  if (jobs.empty()) return absl::OkStatus();
  auto outcomes = TrainWithinMemory(*plan, jobs, members, workplace);
  if (!outcomes.ok()) return outcomes.status();
  const double zero_output_mse = engine::ZeroOutputLoss(*plan);
  for (size_t i = 0; i < outcomes->size(); ++i) {
    const absl::Status status = WithoutExceptions([&] {
      return Report(*jobs[i], members[i], (*outcomes)[i], zero_output_mse, workplace.engine.name());
    });
    if (!status.ok()) jobs[i]->Fail(status);
  }
  return absl::OkStatus();
}

}  // namespace

void RunTrainingPack(const std::vector<v1::Lease>& leases, Workplace& workplace) {
  std::vector<std::unique_ptr<Job>> jobs;
  for (const v1::Lease& lease : leases) jobs.push_back(std::make_unique<Job>(lease, workplace));
  const absl::Status status = WithoutExceptions([&] { return Train(jobs, workplace); });
  if (status.ok()) return;
  for (const auto& job : jobs) {
    if (!job->ended()) job->Fail(status);
  }
}

}  // namespace rnnfarm::worker
