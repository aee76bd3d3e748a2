#pragma once

#include <cstdint>
#include <cstring>

#include "cuda/hd.h"
#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

namespace samwire::cuda {

// An IEEE half, as TensorRT's kHALF.
struct Half {
  std::uint16_t bits;
};

// To nearest, ties to even; too large becomes infinity. Normalised levels are small numbers, so
// NaN's payload does not matter here.
SAMWIRE_HD Half to_half(float value) {
#if defined(__CUDA_ARCH__)
  return {__half_as_ushort(__float2half_rn(value))};
#else
  std::uint32_t x;
  std::memcpy(&x, &value, sizeof x);
  const std::uint32_t sign = x >> 16 & 0x8000;
  x &= 0x7FFFFFFF;
  if (x > 0x7F800000) return {static_cast<std::uint16_t>(sign | 0x7E00)};
  if (x >= 0x47800000) return {static_cast<std::uint16_t>(sign | 0x7C00)};  // 65536 and up
  // Below 2^-14 halves are multiples of 2^-24, which is what adding 0.5 leaves of a float.
  if (x < 0x38800000) {
    float size;
    std::memcpy(&size, &x, sizeof size);
    size += 0.5F;
    std::memcpy(&x, &size, sizeof x);
    return {static_cast<std::uint16_t>(sign | (x - 0x3F000000))};
  }
  x += 0xFFF + (x >> 13 & 1);
  return {static_cast<std::uint16_t>(sign | ((x - 0x38000000) >> 13))};
#endif
}

}  // namespace samwire::cuda
