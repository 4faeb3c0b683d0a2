// Analysis of one network: hidden states, fixed points, graph; uploaded and summarised.
#ifndef RNNFARM_WORKER_RUNTIME_ANALYSIS_JOB_H_
#define RNNFARM_WORKER_RUNTIME_ANALYSIS_JOB_H_

#include "worker/runtime/job.h"

namespace rnnfarm::worker {

// Blocks until the job has ended in one way or another.
void RunAnalysis(const v1::Lease& lease, Workplace& workplace);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_ANALYSIS_JOB_H_
