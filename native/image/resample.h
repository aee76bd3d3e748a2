#pragma once

#include <cstdint>
#include <vector>

#include "image/prepare.h"

namespace samwire::image {

// One axis of a resize: out[o] = sum over k < taps of in[start[o] + k] * weight[o * taps + k] /
// 2^precision. All outputs have the same number of taps (zeros fill up), starts never decrease,
// every tap lies inside the picture.
//
// Where max_precision is 22, the antialiased filters have Pillow's own weights, of 22 bits each, so
// that a resized picture is Pillow's to the bit. Other weights fit 16 bits (`fine` is false) and
// sum to exactly 2^precision for each output, so that flat areas keep their level.
struct AxisWeights {
  int in = 0, out = 0, taps = 0, precision = 0;
  bool fine = false;
  std::vector<std::int32_t> start;
  std::vector<std::int32_t> weight;
};

// precision becomes the largest up to max_precision at which every weight fits 16 bits, or 22 where
// weights are fine.
AxisWeights axis_weights(Filter filter, int in, int out, int max_precision);

// A fine weight in two 16-bit numbers, which is what the kernels multiply by: weight =
// coarse_part * 2^kFineBits + fine_part.
inline constexpr int kFineBits = 8;
inline std::int16_t coarse_part(std::int32_t weight) {
  return static_cast<std::int16_t>(weight >> kFineBits);
}
inline std::int16_t fine_part(std::int32_t weight) {
  return static_cast<std::int16_t>(weight & ((1 << kFineBits) - 1));
}

// How the sums between the two passes are kept, as 16-bit numbers with `fraction` fractional bits.
// Pillow rounds and clips there to 8 bits, OpenCV and PyTorch keep fractions. After both passes a
// level keeps `level_fraction` fractional bits.
struct Intermediate {
  int fraction, level_fraction;
  std::int16_t low, high;
  int max_precision_horizontal, max_precision_vertical;  // keep 32-bit sums from overflowing
};

Intermediate intermediate(Filter filter);

}  // namespace samwire::image
