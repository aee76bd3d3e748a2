#pragma once

#include <cstdint>
#include <vector>

#include "image/prepare.h"

namespace samwire::image {

// One axis of a resize: out[o] = sum over k < taps of in[start[o] + k] * weight[o * taps + k] /
// 2^precision. All outputs have the same number of taps (zeros fill up), starts never decrease,
// every tap lies inside the picture, and each output's weights sum to exactly 2^precision, so that
// flat areas keep their level.
struct AxisWeights {
  int in = 0, out = 0, taps = 0, precision = 0;
  std::vector<std::int32_t> start;
  std::vector<std::int16_t> weight;
};

// precision becomes the largest up to max_precision at which every weight fits 16 bits.
AxisWeights axis_weights(Filter filter, int in, int out, int max_precision);

// How the sums between the two passes are kept, as 16-bit numbers with `fraction` fractional bits.
// Pillow rounds and clips there to 8 bits, OpenCV keeps fractions and overshoot.
struct Intermediate {
  int fraction;
  std::int16_t low, high;
  int max_precision_horizontal, max_precision_vertical;  // keep 32-bit sums from overflowing
};

Intermediate intermediate(Filter filter);

}  // namespace samwire::image
