// Random words and normals in bulk. Words differ between vector units only in how many blocks are
// computed at once; normals are one plain loop, compiled for each unit.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/random_stream.h"
#include "base/vector_unit.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace rnnfarm::base {

namespace {

constexpr int kRounds = 10;
constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
// Words are computed in groups of so many: of 16 blocks, enough to fill any vector unit.
constexpr size_t kGroup = 64;
// Words that wait on the stack to become normals.
constexpr size_t kChunk = 4 * kGroup;

struct RoundKeys {
  uint64_t even[kRounds], odd[kRounds];
};

RoundKeys KeysOfRounds(StreamKey key) {
  RoundKeys keys;
  for (uint32_t round = 0; round < kRounds; ++round) {
    keys.even[round] = key.low + kWeyl0 * round;
    keys.odd[round] = key.high + kWeyl1 * round;
    keys.even[round] &= 0xffffffff;
    keys.odd[round] &= 0xffffffff;
  }
  return keys;
}

// Each gives the words of `groups` groups.
void GroupsBaseline(StreamKey key, uint64_t substream, uint64_t block, size_t groups,
                    uint32_t* out) {
  for (const uint32_t* end = out + groups * kGroup; out != end; out += 4) {
    const std::array<uint32_t, 4> words = Philox(key, substream, block++);
    std::memcpy(out, words.data(), sizeof(words));
  }
}

#ifdef __x86_64__

// A lane of 64 bits holds one word of the counter in its lower half; what is in the upper half
// does not matter, for the multiplication ignores it. Two vectors at once hide its latency.
RNNFARM_AVX512 void GroupsAvx512(StreamKey key, uint64_t substream, uint64_t block, size_t groups,
                                 uint32_t* out) {
  const RoundKeys keys = KeysOfRounds(key);
  const __m512i multiplier0 = _mm512_set1_epi64(kMultiplier0);
  const __m512i multiplier1 = _mm512_set1_epi64(kMultiplier1);
  const __m512i lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i lower = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
  const __m512i upper = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
  for (; groups > 0; --groups) {
    __m512i c0[2], c1[2], c2[2], c3[2];
    for (int v = 0; v < 2; ++v, block += 8) {
      c0[v] = _mm512_add_epi64(_mm512_set1_epi64(static_cast<int64_t>(block)), lanes);
      c1[v] = _mm512_srli_epi64(c0[v], 32);
      c2[v] = _mm512_set1_epi64(static_cast<int64_t>(substream));
      c3[v] = _mm512_srli_epi64(c2[v], 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < kRounds; ++round) {
      const __m512i even = _mm512_set1_epi64(static_cast<int64_t>(keys.even[round]));
      const __m512i odd = _mm512_set1_epi64(static_cast<int64_t>(keys.odd[round]));
      for (int v = 0; v < 2; ++v) {
        const __m512i product0 = _mm512_mul_epu32(multiplier0, c0[v]);
        const __m512i product1 = _mm512_mul_epu32(multiplier1, c2[v]);
        c0[v] = _mm512_srli_epi64(product1, 32) ^ c1[v] ^ even;
        c2[v] = _mm512_srli_epi64(product0, 32) ^ c3[v] ^ odd;
        c1[v] = product1;
        c3[v] = product0;
      }
    }
    for (int v = 0; v < 2; ++v, out += kGroup / 2) {
      const __m512i front = _mm512_mask_blend_epi32(0xAAAA, c0[v], _mm512_slli_epi64(c1[v], 32));
      const __m512i back = _mm512_mask_blend_epi32(0xAAAA, c2[v], _mm512_slli_epi64(c3[v], 32));
      _mm512_storeu_si512(out, _mm512_permutex2var_epi64(front, lower, back));
      _mm512_storeu_si512(out + 16, _mm512_permutex2var_epi64(front, upper, back));
    }
  }
}

RNNFARM_AVX2 void GroupsAvx2(StreamKey key, uint64_t substream, uint64_t block, size_t groups,
                             uint32_t* out) {
  const RoundKeys keys = KeysOfRounds(key);
  const __m256i multiplier0 = _mm256_set1_epi64x(kMultiplier0);
  const __m256i multiplier1 = _mm256_set1_epi64x(kMultiplier1);
  for (size_t half = 0; half < 2 * groups; ++half) {
    __m256i c0[2], c1[2], c2[2], c3[2];
    for (int v = 0; v < 2; ++v, block += 4) {
      c0[v] = _mm256_add_epi64(_mm256_set1_epi64x(static_cast<int64_t>(block)),
                               _mm256_set_epi64x(3, 2, 1, 0));
      c1[v] = _mm256_srli_epi64(c0[v], 32);
      c2[v] = _mm256_set1_epi64x(static_cast<int64_t>(substream));
      c3[v] = _mm256_srli_epi64(c2[v], 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < kRounds; ++round) {
      const __m256i even = _mm256_set1_epi64x(static_cast<int64_t>(keys.even[round]));
      const __m256i odd = _mm256_set1_epi64x(static_cast<int64_t>(keys.odd[round]));
      for (int v = 0; v < 2; ++v) {
        const __m256i product0 = _mm256_mul_epu32(multiplier0, c0[v]);
        const __m256i product1 = _mm256_mul_epu32(multiplier1, c2[v]);
        c0[v] = _mm256_srli_epi64(product1, 32) ^ c1[v] ^ even;
        c2[v] = _mm256_srli_epi64(product0, 32) ^ c3[v] ^ odd;
        c1[v] = product1;
        c3[v] = product0;
      }
    }
    for (int v = 0; v < 2; ++v, out += kGroup / 4) {
      const __m256i front = _mm256_blend_epi32(c0[v], _mm256_slli_epi64(c1[v], 32), 0xAA);
      const __m256i back = _mm256_blend_epi32(c2[v], _mm256_slli_epi64(c3[v], 32), 0xAA);
      const __m256i even = _mm256_unpacklo_epi64(front, back);
      const __m256i odd = _mm256_unpackhi_epi64(front, back);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                          _mm256_permute2x128_si256(even, odd, 0x20));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8),
                          _mm256_permute2x128_si256(even, odd, 0x31));
    }
  }
}

#endif

void FillGroups(StreamKey key, uint64_t substream, uint64_t block, size_t groups, uint32_t* out) {
  switch (VectorUnitInUse()) {
#ifdef __x86_64__
    case VectorUnit::kAvx512:
      return GroupsAvx512(key, substream, block, groups, out);
    case VectorUnit::kAvx2:
      return GroupsAvx2(key, substream, block, groups, out);
#endif
    default:
      return GroupsBaseline(key, substream, block, groups, out);
  }
}

// -log u of u = (half_word + 1/2) / 2^31 = 2^exponent (1 + f), 1 + f in [sqrt(1/2), sqrt(2)). The
// polynomial of f is that of Cephes (S. Moshier, logf). Near u = 1, f is taken from 1 - u, of which
// the float32 nearest to u would keep too few digits.
RNNFARM_ALWAYS_INLINE float MinusLog(uint32_t half_word) {
  constexpr int32_t kRootHalf = 0x3f3504f3;  // the bits of sqrt(1/2)
  constexpr uint32_t kNearOne = 0x60000000, kMost = 0x7fffffff;
  const float scaled = static_cast<float>(static_cast<int32_t>(half_word)) + 0.5f;
  const float rest = static_cast<float>(static_cast<int32_t>(kMost - half_word)) + 0.5f;
  const auto bits = std::bit_cast<int32_t>(scaled);
  const int32_t exponent = (bits - kRootHalf) >> 23;
  const float mantissa = std::bit_cast<float>(bits - (exponent << 23));
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
RNNFARM_ALWAYS_INLINE void NormalPair(uint32_t first, uint32_t second, float& cosine, float& sine) {
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
  cosine = std::bit_cast<float>(std::bit_cast<uint32_t>(radius * along) ^ sign_along);
  sine = std::bit_cast<float>(std::bit_cast<uint32_t>(radius * across) ^ sign_across);
}

// `groups` groups of words to as many normals.
RNNFARM_ALWAYS_INLINE void Normals(const uint32_t* __restrict words, size_t groups,
                                   double deviation, float* __restrict out) {
  for (size_t i = 0; i < groups * kGroup; i += 2) {
    float cosine, sine;
    NormalPair(words[i], words[i + 1], cosine, sine);
    out[i] = static_cast<float>(deviation * cosine);
    out[i + 1] = static_cast<float>(deviation * sine);
  }
}

void NormalsBaseline(const uint32_t* words, size_t groups, double deviation, float* out) {
  Normals(words, groups, deviation, out);
}
#ifdef __x86_64__
RNNFARM_AVX2 void NormalsAvx2(const uint32_t* words, size_t groups, double deviation, float* out) {
  Normals(words, groups, deviation, out);
}
RNNFARM_AVX512 void NormalsAvx512(const uint32_t* words, size_t groups, double deviation,
                                  float* out) {
  Normals(words, groups, deviation, out);
}
#endif

void GroupsOfNormals(const uint32_t* words, size_t groups, double deviation, float* out) {
  switch (VectorUnitInUse()) {
#ifdef __x86_64__
    case VectorUnit::kAvx512:
      return NormalsAvx512(words, groups, deviation, out);
    case VectorUnit::kAvx2:
      return NormalsAvx2(words, groups, deviation, out);
#endif
    default:
      return NormalsBaseline(words, groups, deviation, out);
  }
}

}  // namespace

std::array<float, 2> NormalsOfWords(uint32_t first, uint32_t second) {
  std::array<float, 2> out;
  NormalPair(first, second, out[0], out[1]);
  return out;
}

void FillWords(StreamKey key, uint64_t substream, uint64_t first_block, absl::Span<uint32_t> out) {
  const size_t groups = out.size() / kGroup, rest = out.size() % kGroup;
  FillGroups(key, substream, first_block, groups, out.data());
  if (rest == 0) return;
  uint32_t words[kGroup];
  FillGroups(key, substream, first_block + groups * (kGroup / 4), 1, words);
  std::copy_n(words, rest, out.data() + groups * kGroup);
}

void FillNormals(StreamKey key, uint64_t substream, double deviation, absl::Span<float> out,
                 uint64_t first_block) {
  uint32_t words[kChunk];
  while (!out.empty()) {
    const size_t count = std::min(out.size(), kChunk), groups = (count + kGroup - 1) / kGroup;
    FillGroups(key, substream, first_block, groups, words);
    if (count == groups * kGroup) {
      GroupsOfNormals(words, groups, deviation, out.data());
    } else {
      float normals[kChunk];
      GroupsOfNormals(words, groups, deviation, normals);
      std::copy_n(normals, count, out.data());
    }
    out.remove_prefix(count);
    first_block += kChunk / 4;
  }
}

}  // namespace rnnfarm::base
