// How the training of one network is told to the coordinator.
#ifndef RNNFARM_WORKER_RUNTIME_TRAINING_REPORT_H_
#define RNNFARM_WORKER_RUNTIME_TRAINING_REPORT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/engine/engine.h"
#include "worker/runtime/job.h"

namespace rnnfarm::worker {

// Uploads what `outcome` leaves and ends the job with it: a result, or a checkpoint and the lease
// given back. An error leaves the job for the caller to fail.
absl::Status ReportTraining(Job& job, const engine::Member& member, const engine::Outcome& outcome,
                            double zero_output_mse, absl::string_view engine);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_TRAINING_REPORT_H_
