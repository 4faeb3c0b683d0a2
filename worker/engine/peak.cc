#include "worker/engine/peak.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace rnnfarm::engine {

namespace {

using Clock = std::chrono::steady_clock;

// Independent chains, enough of them to hide the latency of each; a function of `rounds` for each
// instruction set, returning what keeps the compiler from dropping the loop.
constexpr int kChains = 12;  // unrolled below, so that each has a register

struct Chains {
  float (*run)(int64_t rounds);
  int lanes;
};

#ifdef __x86_64__
__attribute__((target("avx512f"))) float Chains512(int64_t rounds) {
  __m512 sums[kChains];
  for (auto& sum : sums) sum = _mm512_set1_ps(1.0f);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  }
  float out = 0;
  for (const auto& sum : sums) out += _mm512_cvtss_f32(sum);
  return out;
}

__attribute__((target("avx2,fma"))) float Chains256(int64_t rounds) {
  __m256 sums[kChains];
  for (auto& sum : sums) sum = _mm256_set1_ps(1.0f);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  float out = 0;
  for (const auto& sum : sums) out += _mm256_cvtss_f32(sum);
  return out;
}
#endif

// Four lanes are what every 64-bit processor has.
float Chains128(int64_t rounds) {
  constexpr int kLanes = 4;
  float sums[kChains][kLanes];
  for (auto& lanes : sums) std::fill(lanes, lanes + kLanes, 1.0f);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& lanes : sums) {
#pragma GCC unroll 4
      for (float& sum : lanes) sum = sum * 0.999f + 0.001f;
    }
  }
  float out = 0;
  for (const auto& lanes : sums) out += lanes[0] + lanes[1] + lanes[2] + lanes[3];
  return out;
}

Chains Widest() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return {Chains512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {Chains256, 8};
#endif
  return {Chains128, 4};
}

}  // namespace

double MeasurePeakFlops(double seconds) {
  constexpr int kRuns = 3;
  constexpr int64_t kFirstRounds = 100'000;
  const Chains chains = Widest();
  volatile float sink = 0;
  const auto rate = [&](int64_t rounds) {  // rounds a second
    const Clock::time_point begin = Clock::now();
    sink = chains.run(rounds);
    return static_cast<double>(rounds) /
           std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const auto rounds = static_cast<int64_t>(rate(kFirstRounds) * seconds / kRuns) + 1;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) best = std::max(best, rate(rounds));
  static_cast<void>(sink);
  return 2.0 * kChains * chains.lanes * best;
}

}  // namespace rnnfarm::engine
