// How many jobs there are and how many of them ended, from what a sweep tells of its stages.
#ifndef RNNFARM_BASE_JOB_COUNTS_H_
#define RNNFARM_BASE_JOB_COUNTS_H_

#include <cstdint>

#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::base {

struct JobCounts {
  int64_t jobs = 0;
  int64_t ended = 0;   // in whatever state
  int64_t failed = 0;  // of those
};

inline JobCounts CountJobs(const v1::StageCount& stage) {
  JobCounts counts;
  counts.failed = stage.failed();
  counts.ended = stage.succeeded() + stage.failed() + stage.diverged() + stage.cancelled();
  counts.jobs = counts.ended + stage.pending() + stage.leased();
  return counts;
}

inline JobCounts CountJobs(const v1::Sweep& sweep) {
  JobCounts all;
  for (const v1::StageCount& stage : sweep.stages()) {
    const JobCounts counts = CountJobs(stage);
    all.jobs += counts.jobs;
    all.ended += counts.ended;
    all.failed += counts.failed;
  }
  return all;
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_JOB_COUNTS_H_
