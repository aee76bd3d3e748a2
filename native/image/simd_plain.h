#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace samwire::image {

// simd_avx2.h's operations over one 128-bit lane, in plain C++: for processors that have neither,
// and for tests that hold the others against it.
struct Plain {
  static constexpr int kLanes = 1;
  static constexpr const char* kName = "scalar";
  using V = std::array<std::uint8_t, 16>;
  using F = std::array<float, 4>;
  using Shift = int;

  static V load(const void* p) {
    V v;
    std::memcpy(v.data(), p, sizeof v);
    return v;
  }
  static void store(void* p, const V& v) { std::memcpy(p, v.data(), sizeof v); }
  static V load_at(const std::uint8_t* p, const std::int32_t* offset) {
    return load(p + offset[0]);
  }
  static V load_strided(const std::uint8_t* p, std::ptrdiff_t) { return load(p); }
  static V load_widened(const std::uint8_t* p) {
    return each<S16>([p](int i) { return p[i]; });
  }

  static V zero() { return V{}; }
  static V set8(int v) {
    return each<V>([v](int) { return v; });
  }
  static V set16(int v) {
    return each<S16>([v](int) { return v; });
  }
  static V set32(int v) {
    return each<S32>([v](int) { return v; });
  }
  static V set_pair(const std::int16_t* p) {
    return each<S16>([p](int i) { return p[i % 2]; });
  }

  static V shuffle(const V& v, const V& index) {
    return each<V>([&](int i) { return index[i] < 16 ? v[index[i]] : 0; });
  }
  static V bit_or(const V& a, const V& b) {
    return each<V>([&](int i) { return a[i] | b[i]; });
  }
  static V bit_xor(const V& a, const V& b) {
    return each<V>([&](int i) { return a[i] ^ b[i]; });
  }
  static V bit_and(const V& a, const V& b) {
    return each<V>([&](int i) { return a[i] & b[i]; });
  }
  static V add8(const V& a, const V& b) {
    return each<V>([&](int i) { return a[i] + b[i]; });
  }
  static V sub16(const V& a, const V& b) {
    return zip<S16>(a, b, [](int x, int y) { return x - y; });
  }
  static V add32(const V& a, const V& b) {
    return zip<S32>(a, b, [](int x, int y) { return x + y; });
  }
  static V adds16(const V& a, const V& b) {
    return zip<S16>(a, b, [](int x, int y) { return saturated(x + y); });
  }
  static V min16(const V& a, const V& b) {
    return zip<S16>(a, b, [](int x, int y) { return std::min(x, y); });
  }
  static V max16(const V& a, const V& b) {
    return zip<S16>(a, b, [](int x, int y) { return std::max(x, y); });
  }
  static V min32(const V& a, const V& b) {
    return zip<S32>(a, b, [](int x, int y) { return std::min(x, y); });
  }
  static V max32(const V& a, const V& b) {
    return zip<S32>(a, b, [](int x, int y) { return std::max(x, y); });
  }
  static V mul_fixed(const V& a, const V& b) {
    return zip<S16>(a, b, [](int x, int y) { return (x * y + (1 << 14)) >> 15; });
  }
  static V multiply_add(const V& a, const V& b) {
    const S16 x = std::bit_cast<S16>(a), y = std::bit_cast<S16>(b);
    return each<S32>([&](int i) { return x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]; });
  }
  static V multiply_add(const V& sum, const V& a, const V& b) {
    return add32(sum, multiply_add(a, b));
  }

  template <int N>
  static V shift_left16(const V& v) {
    return zip<U16>(v, v, [](int x, int) { return x << N; });
  }
  template <int N>
  static V shift_left32(const V& v) {
    return zip<S32>(v, v, [](int x, int) { return x << N; });
  }
  template <int N>
  static V shift_right_unsigned16(const V& v) {
    return zip<U16>(v, v, [](int x, int) { return x >> N; });
  }
  template <int N>
  static V shift_right16(const V& v) {
    return zip<S16>(v, v, [](int x, int) { return x >> N; });
  }
  static Shift make_shift(int n) { return n; }
  static V shift_right32(const V& v, Shift n) {
    return zip<S32>(v, v, [n](int x, int) { return x >> n; });
  }

  static V low8(const V& a, const V& b) { return interleaved<V>(a, b, 0); }
  static V high8(const V& a, const V& b) { return interleaved<V>(a, b, 8); }
  static V low16(const V& a, const V& b) { return interleaved<S16>(a, b, 0); }
  static V high16(const V& a, const V& b) { return interleaved<S16>(a, b, 4); }
  static V pack32(const V& a, const V& b) {
    const S32 x = std::bit_cast<S32>(a), y = std::bit_cast<S32>(b);
    return each<S16>([&](int i) { return saturated(i < 4 ? x[i] : y[i - 4]); });
  }
  static V pack16_unsigned(const V& a, const V& b) {
    const S16 x = std::bit_cast<S16>(a), y = std::bit_cast<S16>(b);
    return each<V>([&](int i) { return std::clamp<int>(i < 8 ? x[i] : y[i - 8], 0, 255); });
  }

  static V sums(const V* v) {
    return each<S32>([v](int i) {
      const S32 x = std::bit_cast<S32>(v[i]);
      return x[0] + x[1] + x[2] + x[3];
    });
  }

  static F set_float(float v) { return {v, v, v, v}; }
  static F to_float(const V& v) {
    const S32 x = std::bit_cast<S32>(v);
    return {static_cast<float>(x[0]), static_cast<float>(x[1]), static_cast<float>(x[2]),
            static_cast<float>(x[3])};
  }
  static F fused(const F& a, const F& b, const F& c) {
    return {a[0] * b[0] + c[0], a[1] * b[1] + c[1], a[2] * b[2] + c[2], a[3] * b[3] + c[3]};
  }
  static void store(float* p, const F& v) { std::memcpy(p, v.data(), sizeof v); }

  static void load3(const std::uint8_t* p, V out[3]) { split<3>(p, out); }
  static void store3(std::uint8_t* p, const V& a, const V& b, const V& c) {
    for (int i = 0; i < 16; ++i) {
      p[3 * i] = a[i];
      p[3 * i + 1] = b[i];
      p[3 * i + 2] = c[i];
    }
  }
  static void load4(const std::uint8_t* p, V out[3]) { split<4>(p, out); }

 private:
  using S16 = std::array<std::int16_t, 8>;
  using U16 = std::array<std::uint16_t, 8>;
  using S32 = std::array<std::int32_t, 4>;

  static int saturated(int v) { return std::clamp<int>(v, INT16_MIN, INT16_MAX); }

  template <class A, class Make>
  static V each(Make make) {
    A r;
    for (int i = 0; i < static_cast<int>(r.size()); ++i)
      r[i] = static_cast<typename A::value_type>(make(i));
    return std::bit_cast<V>(r);
  }
  template <class A, class Op>
  static V zip(const V& a, const V& b, Op op) {
    const A x = std::bit_cast<A>(a), y = std::bit_cast<A>(b);
    return each<A>([&](int i) { return op(x[i], y[i]); });
  }
  template <class A>
  static V interleaved(const V& a, const V& b, int from) {
    const A x = std::bit_cast<A>(a), y = std::bit_cast<A>(b);
    return each<A>([&](int i) { return i % 2 == 0 ? x[from + i / 2] : y[from + i / 2]; });
  }
  template <int N>
  static void split(const std::uint8_t* p, V out[3]) {
    for (int i = 0; i < 16; ++i) {
      for (int plane = 0; plane < 3; ++plane) out[plane][i] = p[N * i + plane];
    }
  }
};

}  // namespace samwire::image
