#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace samwire::image {

// simd_avx2.h's operations over one 128-bit lane.
struct Neon {
  static constexpr int kLanes = 1;
  static constexpr const char* kName = "neon";
  using V = uint8x16_t;
  using F = float32x4_t;
  using Shift = int32x4_t;

  static V load(const void* p) { return vld1q_u8(static_cast<const std::uint8_t*>(p)); }
  static void store(void* p, V v) { vst1q_u8(static_cast<std::uint8_t*>(p), v); }
  static V load_at(const std::uint8_t* p, const std::int32_t* offset) {
    return vld1q_u8(p + offset[0]);
  }
  static V load_strided(const std::uint8_t* p, std::ptrdiff_t) { return vld1q_u8(p); }
  static V load_widened(const std::uint8_t* p) {
    return from16(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))));
  }

  static V zero() { return vdupq_n_u8(0); }
  static V set8(int v) { return vdupq_n_u8(static_cast<std::uint8_t>(v)); }
  static V set16(int v) { return from16(vdupq_n_s16(static_cast<std::int16_t>(v))); }
  static V set32(int v) { return from32(vdupq_n_s32(v)); }
  static V set_pair(const std::int16_t* p) {
    std::int32_t pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return set32(pair);
  }

  static V shuffle(V v, V index) { return vqtbl1q_u8(v, index); }
  static V bit_or(V a, V b) { return vorrq_u8(a, b); }
  static V bit_xor(V a, V b) { return veorq_u8(a, b); }
  static V bit_and(V a, V b) { return vandq_u8(a, b); }
  static V add8(V a, V b) { return vaddq_u8(a, b); }
  static V sub16(V a, V b) { return from16(vsubq_s16(s16(a), s16(b))); }
  static V add32(V a, V b) { return from32(vaddq_s32(s32(a), s32(b))); }
  static V adds16(V a, V b) { return from16(vqaddq_s16(s16(a), s16(b))); }
  static V min16(V a, V b) { return from16(vminq_s16(s16(a), s16(b))); }
  static V max16(V a, V b) { return from16(vmaxq_s16(s16(a), s16(b))); }
  static V min32(V a, V b) { return from32(vminq_s32(s32(a), s32(b))); }
  static V max32(V a, V b) { return from32(vmaxq_s32(s32(a), s32(b))); }
  static V mul_fixed(V a, V b) { return from16(vqrdmulhq_s16(s16(a), s16(b))); }
  static V multiply_add(V a, V b) {
    return from32(vpaddq_s32(vmull_s16(vget_low_s16(s16(a)), vget_low_s16(s16(b))),
                             vmull_high_s16(s16(a), s16(b))));
  }
  static V multiply_add(V sum, V a, V b) { return add32(sum, multiply_add(a, b)); }

  template <int N>
  static V shift_left16(V v) {
    return from16(vshlq_n_s16(s16(v), N));
  }
  template <int N>
  static V shift_left32(V v) {
    return from32(vshlq_n_s32(s32(v), N));
  }
  template <int N>
  static V shift_right_unsigned16(V v) {
    return vreinterpretq_u8_u16(vshrq_n_u16(vreinterpretq_u16_u8(v), N));
  }
  template <int N>
  static V shift_right16(V v) {
    return from16(vshrq_n_s16(s16(v), N));
  }
  static Shift make_shift(int n) { return vdupq_n_s32(-n); }
  static V shift_right32(V v, Shift n) { return from32(vshlq_s32(s32(v), n)); }

  static V low8(V a, V b) { return vzip1q_u8(a, b); }
  static V high8(V a, V b) { return vzip2q_u8(a, b); }
  static V low16(V a, V b) { return from16(vzip1q_s16(s16(a), s16(b))); }
  static V high16(V a, V b) { return from16(vzip2q_s16(s16(a), s16(b))); }
  static V pack32(V a, V b) { return from16(vcombine_s16(vqmovn_s32(s32(a)), vqmovn_s32(s32(b)))); }
  static V pack16_unsigned(V a, V b) {
    return vcombine_u8(vqmovun_s16(s16(a)), vqmovun_s16(s16(b)));
  }

  static V sums(const V* v) {
    return from32(vpaddq_s32(vpaddq_s32(s32(v[0]), s32(v[1])), vpaddq_s32(s32(v[2]), s32(v[3]))));
  }

  static F set_float(float v) { return vdupq_n_f32(v); }
  static F to_float(V v) { return vcvtq_f32_s32(s32(v)); }
  static F fused(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static void store(float* p, F v) { vst1q_f32(p, v); }

  static void load3(const std::uint8_t* p, V out[3]) {
    const uint8x16x3_t v = vld3q_u8(p);
    for (int i = 0; i < 3; ++i) out[i] = v.val[i];
  }
  static void store3(std::uint8_t* p, V a, V b, V c) { vst3q_u8(p, {{a, b, c}}); }
  static void load4(const std::uint8_t* p, V out[3]) {
    const uint8x16x4_t v = vld4q_u8(p);
    for (int i = 0; i < 3; ++i) out[i] = v.val[i];
  }

 private:
  static int16x8_t s16(V v) { return vreinterpretq_s16_u8(v); }
  static int32x4_t s32(V v) { return vreinterpretq_s32_u8(v); }
  static V from16(int16x8_t v) { return vreinterpretq_u8_s16(v); }
  static V from32(int32x4_t v) { return vreinterpretq_u8_s32(v); }
};

}  // namespace samwire::image
