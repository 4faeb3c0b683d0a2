#include "worker/runtime/pack_observer.h"

#include <glog/logging.h>

#include "absl/strings/str_cat.h"
#include "worker/runtime/training_report.h"

namespace rnnfarm::worker {

PackObserver::PackObserver(const Pack& pack, double zero_output_mse, const Trainer& trainer,
                           Workplace& workplace)
    : pack_(pack),
      zero_output_mse_(zero_output_mse),
      trainer_(trainer),
      workplace_(workplace),
      at_work_(pack.jobs.size()),
      speeds_(pack.jobs.size()) {
  if (trainer.on_device) reports_.emplace();
}

bool PackObserver::OnProgress(size_t member, const engine::Progress& from) {
  at_work_[member] = true;
  v1::Progress progress;
  progress.set_iteration(from.iteration);
  progress.set_iterations(pack_.members[member].until_iteration);
  progress.set_loss(from.loss);
  progress.set_iterations_per_second(from.iterations_per_second);
  // Nothing is told rather than 0 of what is not known.
  if (from.operations_per_second > 0) {
    progress.set_operations_per_second(from.operations_per_second);
    const double share = ShareOfPeak(member, from.operations_per_second);
    if (share > 0) progress.set_share_of_peak(share);
  }
  progress.set_phase("training");
  pack_.jobs[member]->SetProgress(std::move(progress));
  AdvanceThoseThatWait();
  return pack_.jobs[member]->MayGoOn();
}

double PackObserver::ShareOfPeak(size_t member, double operations_per_second) {
  if (trainer_.peak_flops <= 0) return 0;
  if (!trainer_.on_device) return operations_per_second / trainer_.peak_flops;
  return SetSpeed(member, operations_per_second) / trainer_.peak_flops;
}

double PackObserver::SetSpeed(size_t member, double operations_per_second) {
  const std::lock_guard lock(mutex_);
  speed_ += operations_per_second - std::exchange(speeds_[member], operations_per_second);
  return speed_;
}

void PackObserver::OnCheckpoint(size_t member, const engine::Checkpoint& checkpoint) {
  const Job& job = *pack_.jobs[member];
  auto bytes = engine::EncodeCheckpoint(pack_.members[member].cell, checkpoint);
  if (!bytes.ok()) {
    const base::LogContext context(job.LogFields());
    LOG(ERROR) << "a checkpoint cannot be written: " << bytes.status();
    return;
  }
  workplace_.leases.OfferCheckpoint(job.id(), checkpoint.iteration, *std::move(bytes));
}

void PackObserver::OnEnd(size_t member, const engine::Outcome& outcome) {
  at_work_[member] = true;
  if (!reports_) return Report(member, outcome);
  SetSpeed(member, 0);
  reports_->Add([this, member, outcome] { Report(member, outcome); });
}

void PackObserver::Report(size_t member, const engine::Outcome& outcome) {
  Job& job = *pack_.jobs[member];
  const base::LogContext context(job.LogFields());
  const absl::Status status = WithoutExceptions("reporting the training", [&] {
    return ReportTraining(job, pack_.members[member], outcome, zero_output_mse_,
                          trainer_.engine->name());
  });
  if (!status.ok()) job.Fail(status);
}

void PackObserver::OnFailure(size_t member, const absl::Status& failure) {
  // What did not fit beside the others waits until they have ended; a device's engine has tried
  // that itself.
  at_work_[member] = trainer_.on_device;
  SetSpeed(member, 0);
  if (trainer_.on_device || !absl::IsResourceExhausted(failure)) pack_.jobs[member]->Fail(failure);
}

void PackObserver::AdvanceThoseThatWait() {
  for (size_t i = 0; i < at_work_.size(); ++i) {
    if (!at_work_[i]) pack_.jobs[i]->Advance();
  }
}

}  // namespace rnnfarm::worker
