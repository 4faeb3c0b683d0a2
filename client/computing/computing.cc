#include "client/computing/computing.h"

namespace rnnfarm::client {

Computing ComputingHere() {
  Computing computing;
  computing.run = RunSweep;
  computing.find_fixed_points = FindFixedPoints;
  computing.write_torch_files = WriteTorchFiles;
  return computing;
}

}  // namespace rnnfarm::client
