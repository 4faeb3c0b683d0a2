#ifndef RNNFARM_WORKER_TASK_SINE_H_
#define RNNFARM_WORKER_TASK_SINE_H_

#include "absl/types/span.h"

namespace rnnfarm::task {

// out[k] = float32(sin(2 pi frequency k)), frequency in [0, 1/2] cycles a step. Before it is
// rounded to float32 the value is within 1e-13 of the exact one for every k < 100,000: the phase is
// counted in whole 2^-64 cycles and does not drift. The same bytes on every processor.
void FillSine(double frequency, absl::Span<float> out);

}  // namespace rnnfarm::task

#endif  // RNNFARM_WORKER_TASK_SINE_H_
