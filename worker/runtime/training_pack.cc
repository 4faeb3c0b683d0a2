#include "worker/runtime/training_pack.h"

#include <glog/logging.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/rnn/network_file.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

// Tells the lease table how far the pack's members are and hands it their checkpoints.
class PackObserver : public engine::Observer {
 public:
  PackObserver(const std::vector<Job*>& jobs, const std::vector<engine::Member>& members,
               LeaseTable& leases)
      : jobs_(jobs), members_(members), leases_(leases) {}

  bool OnProgress(size_t member, const engine::Progress& from) override {
    v1::Progress progress;
    progress.set_iteration(from.iteration);
    progress.set_iterations(members_[member].until_iteration);
    progress.set_loss(from.loss);
    progress.set_iterations_per_second(from.iterations_per_second);
    progress.set_phase("training");
    jobs_[member]->SetProgress(std::move(progress));
    return jobs_[member]->MayGoOn();
  }

  void OnCheckpoint(size_t member, const engine::Checkpoint& checkpoint) override {
    auto bytes = engine::EncodeCheckpoint(members_[member].cell, checkpoint);
    if (!bytes.ok()) {
      LOG(ERROR) << "checkpoint of " << jobs_[member]->id().job << ": " << bytes.status();
      return;
    }
    leases_.OfferCheckpoint(jobs_[member]->id(), checkpoint.iteration, *std::move(bytes));
  }

 private:
  const std::vector<Job*>& jobs_;
  const std::vector<engine::Member>& members_;
  LeaseTable& leases_;
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

absl::Status Report(Job& job, const engine::Member& member, const engine::Outcome& outcome,
                    absl::string_view engine) {
  if (outcome.ending == engine::Ending::kStopped) return ReportStopped(job, member, outcome);
  v1::JobResult result;
  *result.mutable_training() = SummaryOf(outcome, engine);
  result.set_diverged(outcome.ending == engine::Ending::kDiverged);
  if (!result.diverged()) {
    auto checkpoint = UploadCheckpoint(job, member, outcome.last);
    if (!checkpoint.ok()) return checkpoint.status();
    (*result.mutable_artifacts())["checkpoint"] = *checkpoint;
    // A search looks for hyperparameters; its networks are nobody's result.
    if (job.spec().kind() == v1::JOB_KIND_TRAIN) {
      auto network = UploadNetwork(job, member, outcome.last);
      if (!network.ok()) return network.status();
      (*result.mutable_artifacts())["network"] = *network;
    }
  }
  job.Succeed(std::move(result));
  return absl::OkStatus();
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
  PackObserver observer(jobs, members, workplace.leases);
  auto outcomes = workplace.engine.Train(*plan, members, members.size(), observer);
  if (!outcomes.ok()) return outcomes.status();
  for (size_t i = 0; i < jobs.size(); ++i) {
    const absl::Status status = WithoutExceptions(
        [&] { return Report(*jobs[i], members[i], (*outcomes)[i], workplace.engine.name()); });
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
