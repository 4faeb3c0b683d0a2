#include <utility>

#include "tests/worker/engine/host_machine.h"
#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/general_sequence.h"
#include "worker/engine/cuda/population_on.h"
#include "worker/engine/cuda/resident/sequence.h"

namespace rnnfarm::engine::cuda {

namespace {

template <class A>
Sequence<HostMachine> ResidentOf(const Layout& layout) {
  switch (layout.units) {
    case 32:
      return ResidentSequence<HostMachine, A, 32>(layout.architecture);
    case 64:
      return ResidentSequence<HostMachine, A, 64>(layout.architecture);
    case 128:
      return ResidentSequence<HostMachine, A, 128>(layout.architecture);
    default:
      return ResidentSequence<HostMachine, A, 256>(layout.architecture);
  }
}

Sequence<HostMachine> SequenceOf(const Layout& layout) {
  if (!layout.resident) return GeneralSequence<HostMachine>(layout.architecture, layout.activation);
  return layout.activation == rnn::Activation::kTanh ? ResidentOf<TanhActivation<Scalar>>(layout)
                                                     : ResidentOf<ReluActivation<Scalar>>(layout);
}

// Products in float32 whatever the rounding.
std::unique_ptr<Parts> MakeHostParts(int, const Layout& layout, Rounding, const Trials& trials,
                                     std::vector<Slot> slots) {
  return std::make_unique<PopulationOn<HostMachine>>(std::make_unique<HostMachine>(), layout,
                                                     SequenceOf(layout), &Draw<HostMachine>, trials,
                                                     std::move(slots));
}

}  // namespace

MakeParts PartsUnderTest() { return &MakeHostParts; }

BlockLimits LimitsUnderTest() { return {int64_t{227} << 10, true}; }

std::string WhyNot() { return ""; }

}  // namespace rnnfarm::engine::cuda
