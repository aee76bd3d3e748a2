#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace samwire::image {

// A thin wrapper over two 128-bit lanes; simd_neon.h and simd_plain.h offer the same over one.
// Integer operations work in each lane by itself, contiguous loads and stores take the lanes in
// order.
struct Avx2 {
  static constexpr int kLanes = 2;
  static constexpr const char* kName = "avx2";
  using V = __m256i;
  using F = __m256;
  using Shift = __m128i;

  static V load(const void* p) { return _mm256_loadu_si256(static_cast<const V*>(p)); }
  static void store(void* p, V v) { _mm256_storeu_si256(static_cast<V*>(p), v); }
  // 16 bytes for each lane, at p + offset[lane].
  static V load_at(const std::uint8_t* p, const std::int32_t* offset) {
    return two(p + offset[0], p + offset[1]);
  }
  // 16 bytes for each lane, `stride` apart.
  static V load_strided(const std::uint8_t* p, std::ptrdiff_t stride) { return two(p, p + stride); }
  static void store_strided(std::uint8_t* p, std::ptrdiff_t stride, V v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(v));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + stride), _mm256_extracti128_si256(v, 1));
  }
  // 8 * kLanes bytes to 16-bit numbers.
  static V load_widened(const std::uint8_t* p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // The same 16 bytes in each lane.
  static V repeat(const std::uint8_t* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }

  static V zero() { return _mm256_setzero_si256(); }
  static V set8(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static V set16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  static V set32(int v) { return _mm256_set1_epi32(v); }
  // Two 16-bit numbers, repeated.
  static V set_pair(const std::int16_t* p) {
    std::int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
  }

  // Bytes by index; an index with its top bit set gives 0.
  static V shuffle(V v, V index) { return _mm256_shuffle_epi8(v, index); }
  static V bit_or(V a, V b) { return _mm256_or_si256(a, b); }
  static V bit_xor(V a, V b) { return _mm256_xor_si256(a, b); }
  static V bit_and(V a, V b) { return _mm256_and_si256(a, b); }
  static V add8(V a, V b) { return _mm256_add_epi8(a, b); }
  static V sub16(V a, V b) { return _mm256_sub_epi16(a, b); }
  static V add32(V a, V b) { return _mm256_add_epi32(a, b); }
  static V adds16(V a, V b) { return _mm256_adds_epi16(a, b); }  // saturating
  static V min16(V a, V b) { return _mm256_min_epi16(a, b); }
  static V max16(V a, V b) { return _mm256_max_epi16(a, b); }
  static V min32(V a, V b) { return _mm256_min_epi32(a, b); }
  static V max32(V a, V b) { return _mm256_max_epi32(a, b); }
  // (a * b + 2^14) >> 15 on 16-bit numbers.
  static V mul_fixed(V a, V b) { return _mm256_mulhrs_epi16(a, b); }
  // Products of 16-bit numbers, neighbours added.
  static V multiply_add(V a, V b) { return _mm256_madd_epi16(a, b); }
  static V multiply_add(V sum, V a, V b) { return add32(sum, multiply_add(a, b)); }

  template <int N>
  static V shift_left16(V v) {
    return _mm256_slli_epi16(v, N);
  }
  template <int N>
  static V shift_left32(V v) {
    return _mm256_slli_epi32(v, N);
  }
  template <int N>
  static V shift_right_unsigned16(V v) {
    return _mm256_srli_epi16(v, N);
  }
  template <int N>
  static V shift_right16(V v) {
    return _mm256_srai_epi16(v, N);
  }
  static Shift make_shift(int n) { return _mm_cvtsi32_si128(n); }
  static V shift_right32(V v, Shift n) { return _mm256_sra_epi32(v, n); }

  static V low8(V a, V b) { return _mm256_unpacklo_epi8(a, b); }
  static V high8(V a, V b) { return _mm256_unpackhi_epi8(a, b); }
  static V low16(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
  static V high16(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
  static V pack32(V a, V b) { return _mm256_packs_epi32(a, b); }            // to int16, saturating
  static V pack16_unsigned(V a, V b) { return _mm256_packus_epi16(a, b); }  // to uint8, saturating

  // The sums of 4 * kLanes vectors of 32-bit numbers, in order.
  static V sums(const V* v) {
    const V low = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    const V high = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return add32(_mm256_permute2x128_si256(low, high, 0x20),
                 _mm256_permute2x128_si256(low, high, 0x31));
  }

  static F set_float(float v) { return _mm256_set1_ps(v); }
  static F to_float(V v) { return _mm256_cvtepi32_ps(v); }
  static F fused(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static void store(float* p, F v) { _mm256_storeu_ps(p, v); }

  // 16 * kLanes pixels of three interleaved bytes to three vectors, and back.
  static void load3(const std::uint8_t* p, V out[3]) {
    const V v[3] = {two(p, p + 48), two(p + 16, p + 64), two(p + 32, p + 80)};
    for (int plane = 0; plane < 3; ++plane) {
      // Where byte q of a vector belongs to this plane, the vector is (plane - q) mod 3.
      const V mixed =
          _mm256_blendv_epi8(_mm256_blendv_epi8(v[0], v[1], repeat(kFrom[(plane + 2) % 3])), v[2],
                             repeat(kFrom[(plane + 1) % 3]));
      out[plane] = shuffle(mixed, repeat(kSplit[plane]));
    }
  }
  static void store3(std::uint8_t* p, V a, V b, V c) {
    for (int part = 0; part < 3; ++part) {
      const V mixed =
          bit_or(bit_or(shuffle(a, repeat(kJoin[part][0])), shuffle(b, repeat(kJoin[part][1]))),
                 shuffle(c, repeat(kJoin[part][2])));
      store_strided(p + 16 * part, 48, mixed);
    }
  }
  // The first three of four interleaved bytes.
  static void load4(const std::uint8_t* p, V out[3]) {
    alignas(16) static constexpr std::uint8_t kGroup[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                            2, 6, 10, 14, 3, 7, 11, 15};
    V v[4];
    for (int i = 0; i < 4; ++i) v[i] = shuffle(two(p + 16 * i, p + 64 + 16 * i), repeat(kGroup));
    const V low01 = _mm256_unpacklo_epi32(v[0], v[1]);
    const V low23 = _mm256_unpacklo_epi32(v[2], v[3]);
    out[0] = _mm256_unpacklo_epi64(low01, low23);
    out[1] = _mm256_unpackhi_epi64(low01, low23);
    out[2] =
        _mm256_unpacklo_epi64(_mm256_unpackhi_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[2], v[3]));
  }

 private:
  static V two(const std::uint8_t* low, const std::uint8_t* high) {
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
  }

  // kFrom[r]: bytes q with q mod 3 == r.
  alignas(16) static constexpr std::uint8_t kFrom[3][16] = {
      {255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255},
      {0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0},
      {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0}};
  // kSplit[plane][pixel] = (3 * pixel + plane) mod 16.
  alignas(16) static constexpr std::uint8_t kSplit[3][16] = {
      {0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14, 1, 4, 7, 10, 13},
      {1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14},
      {2, 5, 8, 11, 14, 1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15}};
  static constexpr std::uint8_t kNone = 0x80;
  alignas(16) static constexpr std::uint8_t kJoin[3][3][16] = {
      {{0, kNone, kNone, 1, kNone, kNone, 2, kNone, kNone, 3, kNone, kNone, 4, kNone, kNone, 5},
       {kNone, 0, kNone, kNone, 1, kNone, kNone, 2, kNone, kNone, 3, kNone, kNone, 4, kNone, kNone},
       {kNone, kNone, 0, kNone, kNone, 1, kNone, kNone, 2, kNone, kNone, 3, kNone, kNone, 4,
        kNone}},
      {{kNone, kNone, 6, kNone, kNone, 7, kNone, kNone, 8, kNone, kNone, 9, kNone, kNone, 10,
        kNone},
       {5, kNone, kNone, 6, kNone, kNone, 7, kNone, kNone, 8, kNone, kNone, 9, kNone, kNone, 10},
       {kNone, 5, kNone, kNone, 6, kNone, kNone, 7, kNone, kNone, 8, kNone, kNone, 9, kNone,
        kNone}},
      {{kNone, 11, kNone, kNone, 12, kNone, kNone, 13, kNone, kNone, 14, kNone, kNone, 15, kNone,
        kNone},
       {kNone, kNone, 11, kNone, kNone, 12, kNone, kNone, 13, kNone, kNone, 14, kNone, kNone, 15,
        kNone},
       {10, kNone, kNone, 11, kNone, kNone, 12, kNone, kNone, 13, kNone, kNone, 14, kNone, kNone,
        15}}};
};

}  // namespace samwire::image
