// What one core of this machine could do at most, to hold what an engine does against it.
#ifndef RNNFARM_WORKER_ENGINE_PEAK_H_
#define RNNFARM_WORKER_ENGINE_PEAK_H_

namespace rnnfarm::engine {

// Floating-point operations a second of one core in float32: independent chains of fused
// multiply-adds on the widest vectors that the processor has, the best of a few runs of about
// `seconds` / 3 each. Takes that long; call it on an idle core.
double MeasurePeakFlops(double seconds = 0.06);

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_PEAK_H_
