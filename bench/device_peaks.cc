#include "bench/device_peaks.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "bench/train_pack.h"
#include "worker/engine/devices.h"
#include "worker/engine/peak.h"

namespace rnnfarm::bench {

Peaks MeasurePeaks(const std::string& engine, engine::Precision precision, PackPeers& peers) {
  Peaks peaks;
  if (!TrainsOnDevice(engine)) {
    peaks.fp32 = engine::MeasurePeakFlops() * Threads();
    peaks.source = absl::StrCat("multiply-adds of one core, times ", Threads(), " threads");
    return peaks;
  }
  const auto measure = [&](const char* what) -> std::optional<double> {
    const absl::StatusOr<double> peak = peers.Peak(what);
    return peak.ok() ? std::optional<double>(*peak) : std::nullopt;
  };
  peaks.fp32 = measure("fp32");
  peaks.source = "a large product in PyTorch without TF32";
  if (peaks.fp32) {
    peaks.tf32 = measure("tf32");
    if (precision == engine::Precision::kBf16) peaks.bf16 = measure("bf16");
    return peaks;
  }
  const auto devices = engine::FindDevices();
  if (devices.ok()) peaks.fp32 = devices->front().peak_flops;
  peaks.source = "by clock and cores: PyTorch with CUDA, which would measure it, is absent";
  return peaks;
}

void PrintPeaks(const Peaks& peaks, std::vector<Figure>& figures) {
  const struct {
    const char* words;
    const char* key;
    std::optional<double> value;
  } rows[] = {{"float32", "peak_fp32", peaks.fp32},
              {"TF32", "peak_tf32", peaks.tf32},
              {"bfloat16", "peak_bf16", peaks.bf16}};
  std::printf("peaks, TFLOP/s:");
  for (const auto& row : rows) {
    if (!row.value) continue;
    std::printf(" %s %.3g", row.words, *row.value * 1e-12);
    figures.push_back({row.key, *row.value * 1e-12, "TFLOP/s"});
  }
  std::printf(" (float32: %s)\n", peaks.source.c_str());
}

}  // namespace rnnfarm::bench
