#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "image/kernels.h"

namespace samwire::image {

// The kernels over a wrapper S (Avx2, Neon, Plain). The file that instantiates them is compiled for
// its instruction set alone, so nothing here may call a function that another file could also emit:
// no standard algorithms, no containers.
//
// Lane order: pack32 of two vectors with outputs 0..4L-1 and 4L..8L-1 (L lanes) interleaves the two
// by lane, and low16/high16 in the vertical pass take that apart again, so neither pass permutes
// across lanes.
template <class S>
struct KernelsOf {
  using V = typename S::V;
  using F = typename S::F;
  static constexpr int kLanes = S::kLanes;
  static constexpr int kPixels = 16 * kLanes;  // a step of split_row and join_row
  static constexpr int kOutputs = 8 * kLanes;  // one intermediate vector

  // One half of a step: 8 pixels in each lane, in 16 bits; `c` has each pixel's own terms.
  static void yuv_half(V luma, V y_offset, V y_factor, const V c[3], V out[3]) {
    const V y = S::adds16(S::mul_fixed(S::sub16(luma, y_offset), y_factor), S::set16(32));
    for (int i = 0; i < 3; ++i) out[i] = S::template shift_right16<6>(S::adds16(y, c[i]));
  }

  // uv: a U and a V byte for each two pixels.
  static void yuv_step(V y, V uv, const YuvFactors& f, V out[3]) {
    const V sign = S::set16(INT16_MIN);
    const V u = S::bit_xor(S::template shift_left16<8>(uv), sign);
    const V v = S::bit_xor(S::bit_and(uv, S::set16(-256)), sign);
    const V c[3] = {
        S::mul_fixed(v, S::set16(f.v_to_r)),
        S::adds16(S::mul_fixed(u, S::set16(f.u_to_g)), S::mul_fixed(v, S::set16(f.v_to_g))),
        S::mul_fixed(u, S::set16(f.u_to_b))};
    const V low_c[3] = {S::low16(c[0], c[0]), S::low16(c[1], c[1]), S::low16(c[2], c[2])};
    const V high_c[3] = {S::high16(c[0], c[0]), S::high16(c[1], c[1]), S::high16(c[2], c[2])};
    const V offset = S::set16(f.y_offset), factor = S::set16(f.y);
    V low[3], high[3];
    yuv_half(S::template shift_right_unsigned16<1>(S::low8(S::zero(), y)), offset, factor, low_c,
             low);
    yuv_half(S::template shift_right_unsigned16<1>(S::high8(S::zero(), y)), offset, factor, high_c,
             high);
    for (int i = 0; i < 3; ++i) out[i] = S::pack16_unsigned(low[i], high[i]);
  }

  // Bytes of a plane that one step reads.
  template <PixelFormat kFormat>
  static constexpr int step_bytes(int plane) {
    if (kFormat == PixelFormat::kNV12) return kPixels;
    if (kFormat == PixelFormat::kI420) return plane == 0 ? kPixels : kPixels / 2;
    return kPixels * (kFormat == PixelFormat::kYUY2 ? 2 : kFormat == PixelFormat::kRGB ? 3 : 4);
  }

  template <PixelFormat kFormat>
  static void load_step(const std::uint8_t* const p[3], const YuvFactors& yuv, V out[3]) {
    if constexpr (kFormat == PixelFormat::kNV12) {
      yuv_step(S::load(p[0]), S::load(p[1]), yuv, out);
    } else if constexpr (kFormat == PixelFormat::kI420) {
      const V uv =
          S::bit_or(S::load_widened(p[1]), S::template shift_left16<8>(S::load_widened(p[2])));
      yuv_step(S::load(p[0]), uv, yuv, out);
    } else if constexpr (kFormat == PixelFormat::kYUY2) {
      const V a = S::load_strided(p[0], 32), b = S::load_strided(p[0] + 16, 32);
      const V low = S::set16(255);
      yuv_step(S::pack16_unsigned(S::bit_and(a, low), S::bit_and(b, low)),
               S::pack16_unsigned(S::template shift_right_unsigned16<8>(a),
                                  S::template shift_right_unsigned16<8>(b)),
               yuv, out);
    } else if constexpr (kFormat == PixelFormat::kRGB) {
      S::load3(p[0], out);
    } else {
      S::load4(p[0], out);
    }
  }

  template <PixelFormat kFormat>
  static void split_as(const RowSource& row, int width, const YuvFactors& yuv,
                       std::uint8_t* const planes[3]) {
    constexpr int kPlanes = kFormat == PixelFormat::kI420   ? 3
                            : kFormat == PixelFormat::kNV12 ? 2
                                                            : 1;
    const std::uint8_t* p[3] = {row.plane[0], row.plane[1], row.plane[2]};
    V out[3];
    int x = 0;
    for (; x + kPixels <= width; x += kPixels) {
      load_step<kFormat>(p, yuv, out);
      for (int i = 0; i < 3; ++i) S::store(planes[i] + x, out[i]);
      for (int i = 0; i < kPlanes; ++i) p[i] += step_bytes<kFormat>(i);
    }
    if (x == width) return;
    // The last pixels by way of a copy: reading on would leave the caller's memory.
    std::uint8_t copy[3][4 * kPixels] = {};
    for (int i = 0; i < kPlanes; ++i) {
      const int whole = step_bytes<kFormat>(i);
      const int pairs = (width - x + 1) / 2;
      const bool shared = kFormat == PixelFormat::kYUY2 || i > 0;  // pixels in pairs
      std::memcpy(copy[i], p[i],
                  shared ? pairs * (whole / (kPixels / 2)) : (width - x) * (whole / kPixels));
      p[i] = copy[i];
    }
    load_step<kFormat>(p, yuv, out);
    for (int i = 0; i < 3; ++i) S::store(planes[i] + x, out[i]);
  }

  static void split_row(PixelFormat format, const RowSource& row, int width, const YuvFactors& yuv,
                        std::uint8_t* const planes[3]) {
    switch (format) {
      case PixelFormat::kNV12:
        return split_as<PixelFormat::kNV12>(row, width, yuv, planes);
      case PixelFormat::kI420:
        return split_as<PixelFormat::kI420>(row, width, yuv, planes);
      case PixelFormat::kYUY2:
        return split_as<PixelFormat::kYUY2>(row, width, yuv, planes);
      case PixelFormat::kRGB:
      case PixelFormat::kBGR:
        return split_as<PixelFormat::kRGB>(row, width, yuv, planes);
      case PixelFormat::kRGBx:
      case PixelFormat::kBGRx:
        return split_as<PixelFormat::kRGBx>(row, width, yuv, planes);
      case PixelFormat::kGray8:
        for (int i = 0; i < 3; ++i) std::memcpy(planes[i], row.plane[0], width);
        return;
      case PixelFormat::kGray16LE:  // refused by check_view
      case PixelFormat::kGray16BE:
        return;
    }
  }

  static void join_row(const std::uint8_t* const planes[3], int width, std::uint8_t* rgb) {
    int x = 0;
    for (; x + kPixels <= width; x += kPixels) {
      S::store3(rgb + 3 * x, S::load(planes[0] + x), S::load(planes[1] + x),
                S::load(planes[2] + x));
    }
    for (; x < width; ++x) {
      for (int i = 0; i < 3; ++i) rgb[3 * x + i] = planes[i][x];
    }
  }

  // A sum of products by weights in two parts. Coarse sums of 8-bit levels keep 8 bits free.
  static V whole_sum(V coarse, V fine) {
    return S::add32(S::template shift_left32<kFineBits>(coarse), fine);
  }

  // kSteps: pairs of taps where they are known, else 0. kWindow: how many pairs one load serves.
  template <int kSteps, int kWindow, bool kFine>
  static V near_outputs(const HorizontalPass& t, const std::uint8_t* in, int vector) {
    const int steps = kSteps > 0 ? kSteps : t.steps;
    const std::int32_t* offset = t.offset + vector * kLanes;
    const std::size_t from = static_cast<std::size_t>(vector) * steps * kOutputs;
    const V first = S::load(t.shuffle + static_cast<std::size_t>(vector) * 16 * kLanes);
    const V half = S::set32(1 << (t.shift - 1));
    V sum = kFine ? S::zero() : half, fine = half, bytes = S::zero(), index = first;
#pragma GCC unroll 4
    for (int step = 0; step < steps; ++step) {
      const bool reload = step % kWindow == 0;
      if (reload) bytes = S::load_at(in + 2 * step, offset);
      index = reload ? first : S::add8(index, S::set8(2));
      const V levels = S::shuffle(bytes, index);
      sum = S::multiply_add(sum, levels, S::load(t.weight + from + step * kOutputs));
      if constexpr (kFine)
        fine = S::multiply_add(fine, levels, S::load(t.fine + from + step * kOutputs));
    }
    return S::shift_right32(kFine ? whole_sum(sum, fine) : sum, S::make_shift(t.shift));
  }

  template <int kSteps, int kWindow, bool kFine>
  static void near(const HorizontalPass t, const std::uint8_t* in, std::int16_t* out) {
    const V low = S::set16(t.low), high = S::set16(t.high);
    for (int block = 0; block < t.blocks; ++block) {
      const V v = S::pack32(near_outputs<kSteps, kWindow, kFine>(t, in, 2 * block),
                            near_outputs<kSteps, kWindow, kFine>(t, in, 2 * block + 1));
      S::store(out + block * kOutputs, S::min16(S::max16(v, low), high));
    }
  }

  static V far_sums(const HorizontalPass& t, const std::int16_t* weight, const std::uint8_t* in,
                    int group) {
    constexpr int kGroup = 4 * kLanes;
    const std::int32_t* offset = t.offset + group * kGroup;
    weight += static_cast<std::size_t>(group) * t.steps * kGroup * kOutputs;
    V sum[kGroup];
    for (V& s : sum) s = S::zero();
    for (int step = 0; step < t.steps; ++step, in += kOutputs, weight += kGroup * kOutputs) {
      // Unrolled, or the sums live in memory: 10 times slower.
#pragma GCC unroll 8
      for (int i = 0; i < kGroup; ++i) {
        sum[i] = S::multiply_add(sum[i], S::load_widened(in + offset[i]),
                                 S::load(weight + i * kOutputs));
      }
    }
    return S::sums(sum);
  }

  // The two parts one after the other: their sums together would not fit the registers.
  template <bool kFine>
  static V far_outputs(const HorizontalPass& t, const std::uint8_t* in, int group) {
    V sum = far_sums(t, t.weight, in, group);
    if constexpr (kFine) sum = whole_sum(sum, far_sums(t, t.fine, in, group));
    return S::shift_right32(S::add32(sum, S::set32(1 << (t.shift - 1))), S::make_shift(t.shift));
  }

  template <bool kFine>
  static void far(const HorizontalPass t, const std::uint8_t* in, std::int16_t* out) {
    const V low = S::set16(t.low), high = S::set16(t.high);
    for (int block = 0; block < t.blocks; ++block) {
      const V v =
          S::pack32(far_outputs<kFine>(t, in, 2 * block), far_outputs<kFine>(t, in, 2 * block + 1));
      S::store(out + block * kOutputs, S::min16(S::max16(v, low), high));
    }
  }

  template <bool kFine>
  static void horizontal_as(const HorizontalPass& t, const std::uint8_t* in, std::int16_t* out) {
    if (!t.near) return far<kFine>(t, in, out);
    const bool one_load = t.pairs_in_window >= t.steps;
    if (one_load && t.steps == 1) return near<1, 1, kFine>(t, in, out);
    if (one_load && t.steps == 2) return near<2, 2, kFine>(t, in, out);
    if (one_load && t.steps == 3) return near<3, 3, kFine>(t, in, out);
    if (one_load && t.steps == 4) return near<4, 4, kFine>(t, in, out);
    if (t.steps == 4 && t.pairs_in_window >= 2) return near<4, 2, kFine>(t, in, out);
    if (t.pairs_in_window >= 2) return near<0, 2, kFine>(t, in, out);
    near<0, 1, kFine>(t, in, out);
  }

  static void horizontal(const HorizontalPass& t, const std::uint8_t* in, std::int16_t* out) {
    if (t.fine != nullptr) return horizontal_as<true>(t, in, out);
    horizontal_as<false>(t, in, out);
  }

  // kOutputs outputs from x on.
  template <int kPairs, bool kFine>
  static void vertical_step(const VerticalRow& r, int x, float* out) {
    const int pairs = kPairs > 0 ? kPairs : r.pairs;
    const V half = S::set32(1 << (r.shift - 1));
    V low = kFine ? S::zero() : half, high = low, fine_low = half, fine_high = half;
#pragma GCC unroll 4
    for (int i = 0; i < pairs; ++i) {
      const V a = S::load(r.rows[2 * i] + x), b = S::load(r.rows[2 * i + 1] + x);
      const V lower = S::low16(a, b), higher = S::high16(a, b);
      const V weight = S::set_pair(r.weight + 2 * i);
      low = S::multiply_add(low, lower, weight);
      high = S::multiply_add(high, higher, weight);
      if constexpr (kFine) {
        const V fine = S::set_pair(r.fine + 2 * i);
        fine_low = S::multiply_add(fine_low, lower, fine);
        fine_high = S::multiply_add(fine_high, higher, fine);
      }
    }
    if constexpr (kFine) {
      low = whole_sum(low, fine_low);
      high = whole_sum(high, fine_high);
    }
    const typename S::Shift shift = S::make_shift(r.shift);
    const F factor = S::set_float(r.factor), offset = S::set_float(r.offset);
    const V top = S::set32(r.high);
    S::store(out, S::fused(level(S::shift_right32(low, shift), top), factor, offset));
    S::store(out + 4 * kLanes, S::fused(level(S::shift_right32(high, shift), top), factor, offset));
  }

  static F level(V v, V top) { return S::to_float(S::min32(S::max32(v, S::zero()), top)); }

  template <int kPairs, bool kFine>
  static void vertical_as(const VerticalRow r) {
    int x = 0;
    for (; x + kOutputs <= r.width; x += kOutputs) vertical_step<kPairs, kFine>(r, x, r.out + x);
    if (x == r.width) return;
    float last[kOutputs];
    vertical_step<kPairs, kFine>(r, x, last);
    std::memcpy(r.out + x, last, (r.width - x) * sizeof(float));
  }

  template <bool kFine>
  static void vertical_with(const VerticalRow& r) {
    if (r.pairs == 1) return vertical_as<1, kFine>(r);
    if (r.pairs == 2) return vertical_as<2, kFine>(r);
    if (r.pairs == 3) return vertical_as<3, kFine>(r);
    if (r.pairs == 4) return vertical_as<4, kFine>(r);
    vertical_as<0, kFine>(r);
  }

  static void vertical(const VerticalRow& r) {
    if (r.fine != nullptr) return vertical_with<true>(r);
    vertical_with<false>(r);
  }

  static constexpr Kernels kTable{S::kName, kLanes, split_row, join_row, horizontal, vertical};
};

}  // namespace samwire::image
