// Standard normals of words, by Box and Muller in float32 (base/random_stream.h, NormalsOfWords),
// on the processor and on a device. Plain additions, multiplications and square roots.
#ifndef RNNFARM_BASE_NORMAL_PAIR_H_
#define RNNFARM_BASE_NORMAL_PAIR_H_

#include <cmath>
#include <cstdint>

#include "base/host_device.h"
#include "base/philox.h"

namespace rnnfarm::base {

// -log u of u = (half_word + 1/2) / 2^31 = 2^exponent (1 + f), 1 + f in [sqrt(1/2), sqrt(2)). The
// polynomial of f is that of Cephes (S. Moshier, logf). Near u = 1, f is taken from 1 - u, of which
// the float32 nearest to u would keep too few digits.
RNNFARM_HD_INLINE float MinusLog(uint32_t half_word) {
  constexpr int32_t kRootHalf = 0x3f3504f3;  // the bits of sqrt(1/2)
  constexpr uint32_t kNearOne = 0x60000000, kMost = 0x7fffffff;
  const float scaled = static_cast<float>(static_cast<int32_t>(half_word)) + 0.5f;
  const float rest = static_cast<float>(static_cast<int32_t>(kMost - half_word)) + 0.5f;
  const auto bits = __builtin_bit_cast(int32_t, scaled);
  const int32_t exponent = (bits - kRootHalf) >> 23;
  const float mantissa = __builtin_bit_cast(float, bits - (exponent << 23));
  const float f = half_word >= kNearOne ? rest * -0x1p-31f : mantissa - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float square = f * f;
  const float log_mantissa = f + (p * f * square - 0.5f * square);
  return static_cast<float>(31 - exponent) * 0.693147180559945f - log_mantissa;
}

// The angle is a whole number of quarter turns and a rest of at most an eighth, whose sine and
// cosine are those of Cephes (sinf, cosf).
RNNFARM_HD_INLINE void NormalPair(uint32_t first, uint32_t second, float& cosine, float& sine) {
  constexpr float kRadians = 1.4629180792671596e-9f;  // 2 pi / 2^32
  const float radius = std::sqrt(2.0f * MinusLog(first >> 1));
  const uint32_t quarter = (second + 0x20000000u) >> 30;
  const float t = static_cast<float>(static_cast<int32_t>(second - (quarter << 30))) * kRadians;
  const float z = t * t;
  const float s = t + t * z * ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f);
  const float c =
      (1.0f - 0.5f * z) +
      z * z * ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f);
  const float along = (quarter & 1) != 0 ? s : c;
  const float across = (quarter & 1) != 0 ? c : s;
  const uint32_t sign_along = ((quarter + 1) & 2) << 30, sign_across = (quarter & 2) << 30;
  cosine = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, radius * along) ^ sign_along);
  sine = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, radius * across) ^ sign_across);
}

// The value that noise of this deviation has at a standard normal.
RNNFARM_HD_INLINE float NoiseOfNormal(double deviation, float normal) {
  return static_cast<float>(deviation * normal);
}

// Values 4 block to 4 block + 3 of those of FillNormals(key, substream, deviation, …).
RNNFARM_HD_INLINE void NormalsOfBlock(StreamKey key, uint64_t substream, uint64_t block,
                                      double deviation, float (&out)[4]) {
  uint32_t words[4];
  PhiloxBlock(key, substream, block, words);
  for (int i = 0; i < 4; i += 2) {
    float cosine, sine;
    NormalPair(words[i], words[i + 1], cosine, sine);
    out[i] = NoiseOfNormal(deviation, cosine);
    out[i + 1] = NoiseOfNormal(deviation, sine);
  }
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_NORMAL_PAIR_H_
