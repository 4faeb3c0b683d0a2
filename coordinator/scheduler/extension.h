// What a specification under the name of a known sweep adds to it, or changes of it.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_EXTENSION_H_
#define RNNFARM_COORDINATOR_SCHEDULER_EXTENSION_H_

#include <string>

#include "absl/status/status.h"
#include "coordinator/population/population.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::scheduler {

// The first thing that is not as it was although an extension only adds networks; empty: nothing.
std::string WhatExtensionBreaks(const v1::SweepSpec& was, const population::Population& before,
                                const v1::SweepSpec& is, const population::Population& after);

// ALREADY_EXISTS with the first difference between the sweep and `is`, of the same name, and what
// can be done. An extension is offered where it is one.
absl::Status IsAnother(const v1::Sweep& sweep, const v1::SweepSpec& is);

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_EXTENSION_H_
