#include "worker/runtime/training_report.h"

#include <string>
#include <utility>
#include <vector>

#include "base/array_file.h"
#include "worker/rnn/network_file.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

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
  file.key = job.spec().stream_key();
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

}  // namespace

absl::Status ReportTraining(Job& job, const engine::Member& member, const engine::Outcome& outcome,
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

}  // namespace rnnfarm::worker
