#pragma once

// Eight floats with the few operations that the mask kernels need: AVX2, NEON, or plain C++.
// Everything here has internal linkage, because each kernel file compiles it with other flags. No
// fused multiply-add anywhere, so that every machine computes the same bits (compile with
// -ffp-contract=off).

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace samwire {
namespace {

// What cells hold in place of values that bilinear sums can't carry: see prepare_cell.
constexpr float kCellLimit = 1e8F;
constexpr float kCellTiny = 1e-12F;
constexpr float kCellNaN = -1e36F;

#if defined(__AVX2__)

constexpr const char* kSimdName = "avx2";

struct F8 {
  __m256 v;
};

inline F8 load8(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void store8(float* p, F8 a) { _mm256_storeu_ps(p, a.v); }
inline F8 splat8(float a) { return {_mm256_set1_ps(a)}; }
inline F8 operator*(F8 a, F8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F8 operator+(F8 a, F8 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F8 operator-(F8 a, F8 b) { return {_mm256_sub_ps(a.v, b.v)}; }

inline F8 prepare_cell(F8 logit, F8 threshold) {
  const __m256 x = _mm256_sub_ps(logit.v, threshold.v);
  const __m256 clamped =
      _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(kCellLimit)), _mm256_set1_ps(-kCellLimit));
  const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), clamped);
  const __m256 kept =
      _mm256_and_ps(clamped, _mm256_cmp_ps(size, _mm256_set1_ps(kCellTiny), _CMP_GE_OQ));
  return {_mm256_blendv_ps(kept, _mm256_set1_ps(kCellNaN), _mm256_cmp_ps(x, x, _CMP_UNORD_Q))};
}

// Bit i: lane i is inside (> 0, or >= 0 when inclusive).
template <bool kInclusive>
inline std::uint32_t inside8(F8 a) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(
      _mm256_cmp_ps(a.v, _mm256_setzero_ps(), kInclusive ? _CMP_GE_OQ : _CMP_GT_OQ)));
}

template <bool kInclusive>
inline std::uint32_t inside32(F8 a, F8 b, F8 c, F8 d) {
  return inside8<kInclusive>(a) | inside8<kInclusive>(b) << 8 | inside8<kInclusive>(c) << 16 |
         inside8<kInclusive>(d) << 24;
}

inline void transpose8(F8 (&r)[8]) {
  __m256 t[8];
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i].v, r[2 * i + 1].v);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i].v, r[2 * i + 1].v);
  }
  __m256 u[8];
  for (int i = 0; i < 8; i += 4) {
    u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
    u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
  }
  for (int i = 0; i < 4; ++i) {
    r[i].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    r[i + 4].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}

#elif defined(__aarch64__)

constexpr const char* kSimdName = "neon";

struct F8 {
  float32x4_t a;
  float32x4_t b;
};

inline F8 load8(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
inline void store8(float* p, F8 x) {
  vst1q_f32(p, x.a);
  vst1q_f32(p + 4, x.b);
}
inline F8 splat8(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
inline F8 operator*(F8 x, F8 y) { return {vmulq_f32(x.a, y.a), vmulq_f32(x.b, y.b)}; }
inline F8 operator+(F8 x, F8 y) { return {vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b)}; }
inline F8 operator-(F8 x, F8 y) { return {vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b)}; }

inline float32x4_t prepare_cell4(float32x4_t logit, float32x4_t threshold) {
  const float32x4_t x = vsubq_f32(logit, threshold);
  const float32x4_t clamped =
      vmaxq_f32(vminq_f32(x, vdupq_n_f32(kCellLimit)), vdupq_n_f32(-kCellLimit));
  const uint32x4_t large = vcageq_f32(clamped, vdupq_n_f32(kCellTiny));
  const float32x4_t kept = vbslq_f32(large, clamped, vdupq_n_f32(0));
  return vbslq_f32(vceqq_f32(x, x), kept, vdupq_n_f32(kCellNaN));
}

inline F8 prepare_cell(F8 logit, F8 threshold) {
  return {prepare_cell4(logit.a, threshold.a), prepare_cell4(logit.b, threshold.b)};
}

// Four lanes' bits, at bit `kShift` and up of lane 0: reduced by one addition across lanes
// afterwards.
template <bool kInclusive, int kShift>
inline uint32x4_t inside4(float32x4_t x) {
  const uint32x4_t bit = {1U << kShift, 2U << kShift, 4U << kShift, 8U << kShift};
  return vandq_u32(kInclusive ? vcgezq_f32(x) : vcgtzq_f32(x), bit);
}

template <bool kInclusive>
inline std::uint32_t inside8(F8 x) {
  return vaddvq_u32(vorrq_u32(inside4<kInclusive, 0>(x.a), inside4<kInclusive, 4>(x.b)));
}

template <bool kInclusive>
inline std::uint32_t inside32(F8 p, F8 q, F8 r, F8 s) {
  const uint32x4_t lo =
      vorrq_u32(vorrq_u32(inside4<kInclusive, 0>(p.a), inside4<kInclusive, 4>(p.b)),
                vorrq_u32(inside4<kInclusive, 8>(q.a), inside4<kInclusive, 12>(q.b)));
  const uint32x4_t hi =
      vorrq_u32(vorrq_u32(inside4<kInclusive, 16>(r.a), inside4<kInclusive, 20>(r.b)),
                vorrq_u32(inside4<kInclusive, 24>(s.a), inside4<kInclusive, 28>(s.b)));
  return vaddvq_u32(vorrq_u32(lo, hi));
}

inline void transpose4(float32x4_t (&r)[4]) {
  const float32x4x2_t p = vtrnq_f32(r[0], r[1]);
  const float32x4x2_t q = vtrnq_f32(r[2], r[3]);
  r[0] = vcombine_f32(vget_low_f32(p.val[0]), vget_low_f32(q.val[0]));
  r[1] = vcombine_f32(vget_low_f32(p.val[1]), vget_low_f32(q.val[1]));
  r[2] = vcombine_f32(vget_high_f32(p.val[0]), vget_high_f32(q.val[0]));
  r[3] = vcombine_f32(vget_high_f32(p.val[1]), vget_high_f32(q.val[1]));
}

inline void transpose8(F8 (&r)[8]) {
  float32x4_t q[4][4];  // quadrants: top left, top right, bottom left, bottom right
  for (int i = 0; i < 4; ++i) {
    q[0][i] = r[i].a;
    q[1][i] = r[i].b;
    q[2][i] = r[i + 4].a;
    q[3][i] = r[i + 4].b;
  }
  for (auto& quadrant : q) transpose4(quadrant);
  for (int i = 0; i < 4; ++i) {
    r[i] = {q[0][i], q[2][i]};
    r[i + 4] = {q[1][i], q[3][i]};
  }
}

#else

constexpr const char* kSimdName = "plain";

struct F8 {
  float v[8];
};

template <typename Operation>
inline F8 each8(Operation operation) {
  F8 r;
  for (int i = 0; i < 8; ++i) r.v[i] = operation(i);
  return r;
}

inline F8 load8(const float* p) {
  return each8([&](int i) { return p[i]; });
}
inline void store8(float* p, const F8& a) {
  for (int i = 0; i < 8; ++i) p[i] = a.v[i];
}
inline F8 splat8(float a) {
  return each8([&](int) { return a; });
}
inline F8 operator*(const F8& a, const F8& b) {
  return each8([&](int i) { return a.v[i] * b.v[i]; });
}
inline F8 operator+(const F8& a, const F8& b) {
  return each8([&](int i) { return a.v[i] + b.v[i]; });
}
inline F8 operator-(const F8& a, const F8& b) {
  return each8([&](int i) { return a.v[i] - b.v[i]; });
}

inline F8 prepare_cell(const F8& logit, const F8& threshold) {
  return each8([&](int i) {
    const float x = logit.v[i] - threshold.v[i];
    if (x != x) return kCellNaN;
    if (x > kCellLimit) return kCellLimit;
    if (x < -kCellLimit) return -kCellLimit;
    return x > -kCellTiny && x < kCellTiny ? 0.0F : x;
  });
}

template <bool kInclusive>
inline std::uint32_t inside8(const F8& a) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    bits |= static_cast<std::uint32_t>(kInclusive ? a.v[i] >= 0 : a.v[i] > 0) << i;
  }
  return bits;
}

template <bool kInclusive>
inline std::uint32_t inside32(const F8& a, const F8& b, const F8& c, const F8& d) {
  return inside8<kInclusive>(a) | inside8<kInclusive>(b) << 8 | inside8<kInclusive>(c) << 16 |
         inside8<kInclusive>(d) << 24;
}

inline void transpose8(F8 (&r)[8]) {
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < i; ++j) {
      const float t = r[i].v[j];
      r[i].v[j] = r[j].v[i];
      r[j].v[i] = t;
    }
  }
}

#endif

}  // namespace
}  // namespace samwire
