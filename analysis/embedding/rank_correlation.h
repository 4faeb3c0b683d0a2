// Spearman's rank correlation.
#ifndef RNNFARM_ANALYSIS_EMBEDDING_RANK_CORRELATION_H_
#define RNNFARM_ANALYSIS_EMBEDDING_RANK_CORRELATION_H_

#include "analysis/representation.h"

namespace rnnfarm::analysis {

// Of equally many values; equal values share the mean of their ranks. NaN where one side does not
// vary. The same bytes for every number of threads.
double RankCorrelation(const Vector& a, const Vector& b, int threads = 1);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_EMBEDDING_RANK_CORRELATION_H_
