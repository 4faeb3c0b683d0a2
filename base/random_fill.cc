// Random words and normals in bulk. Words differ between vector units only in how many blocks are
// computed at once; normals are one plain loop, compiled for each unit.
#include <algorithm>
#include <cstring>

#include "base/normal_pair.h"
#include "base/philox.h"
#include "base/random_stream.h"
#include "base/vector_unit.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace rnnfarm::base {

namespace {

// Words are computed in groups of so many: of 16 blocks, enough to fill any vector unit.
constexpr size_t kGroup = 64;
// Words that wait on the stack to become normals.
constexpr size_t kChunk = 4 * kGroup;

struct RoundKeys {
  uint64_t even[kPhiloxRounds], odd[kPhiloxRounds];
};

RoundKeys KeysOfRounds(StreamKey key) {
  RoundKeys keys;
  for (uint32_t round = 0; round < kPhiloxRounds; ++round) {
    keys.even[round] = key.low + kPhiloxWeyl0 * round;
    keys.odd[round] = key.high + kPhiloxWeyl1 * round;
    keys.even[round] &= 0xffffffff;
    keys.odd[round] &= 0xffffffff;
  }
  return keys;
}

// Each gives the words of `groups` groups.
void GroupsBaseline(StreamKey key, uint64_t substream, uint64_t block, size_t groups,
                    uint32_t* out) {
  for (const uint32_t* end = out + groups * kGroup; out != end; out += 4) {
    uint32_t words[4];
    PhiloxBlock(key, substream, block++, words);
    std::memcpy(out, words, sizeof(words));
  }
}

#ifdef __x86_64__

// A lane of 64 bits holds one word of the counter in its lower half; what is in the upper half
// does not matter, for the multiplication ignores it. Two vectors at once hide its latency.
RNNFARM_AVX512 void GroupsAvx512(StreamKey key, uint64_t substream, uint64_t block, size_t groups,
                                 uint32_t* out) {
  const RoundKeys keys = KeysOfRounds(key);
  const __m512i multiplier0 = _mm512_set1_epi64(kPhiloxMultiplier0);
  const __m512i multiplier1 = _mm512_set1_epi64(kPhiloxMultiplier1);
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
    for (int round = 0; round < kPhiloxRounds; ++round) {
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
  const __m256i multiplier0 = _mm256_set1_epi64x(kPhiloxMultiplier0);
  const __m256i multiplier1 = _mm256_set1_epi64x(kPhiloxMultiplier1);
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
    for (int round = 0; round < kPhiloxRounds; ++round) {
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

// `groups` groups of words to as many normals.
RNNFARM_ALWAYS_INLINE void Normals(const uint32_t* __restrict words, size_t groups,
                                   double deviation, float* __restrict out) {
  for (size_t i = 0; i < groups * kGroup; i += 2) {
    float cosine, sine;
    NormalPair(words[i], words[i + 1], cosine, sine);
    out[i] = NoiseOfNormal(deviation, cosine);
    out[i + 1] = NoiseOfNormal(deviation, sine);
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
