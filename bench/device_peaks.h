// What a device could do at most, to hold what an engine does on it against.
#ifndef RNNFARM_BENCH_DEVICE_PEAKS_H_
#define RNNFARM_BENCH_DEVICE_PEAKS_H_

#include <optional>
#include <string>
#include <vector>

#include "bench/figures.h"
#include "bench/pack_peers.h"
#include "worker/engine/engine.h"

namespace rnnfarm::bench {

struct Peaks {
  // Operations a second; none where it is not known or the device has no units for it.
  std::optional<double> fp32, tf32, bf16;
  std::string source;  // of fp32
};

// On a GPU large products in PyTorch, or what follows from its clock where PyTorch is absent; on
// the processor multiply-adds on one core, times its threads. bf16 is measured for that precision
// only.
Peaks MeasurePeaks(const std::string& engine, engine::Precision precision, PackPeers& peers);

void PrintPeaks(const Peaks& peaks, std::vector<Figure>& figures);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DEVICE_PEAKS_H_
