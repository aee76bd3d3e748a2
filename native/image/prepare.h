#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "frame/frame.h"

namespace samwire {

// Names and meanings are those of a manifest's `image` block (docs/models.md).
enum class Fit { kLetterbox, kLetterboxCentred, kStretch, kNative };
enum class Rounding { kFloor, kRound };
enum class Filter { kBilinear, kBilinearAntialias, kBicubic, kBicubicAntialias, kArea };
enum class Channels { kRGB, kBGR };

struct ImageSpec {
  int width = 0;   // of the tensor; ignored by kNative
  int height = 0;
  Fit fit = Fit::kLetterbox;
  Rounding rounding = Rounding::kRound;
  Filter filter = Filter::kBilinearAntialias;
  Channels channels = Channels::kRGB;
  float scale = 1;                        // multiplies the 0..255 level before mean and std
  std::array<float, 3> mean{0, 0, 0};     // in the order of `channels`
  std::array<float, 3> std{1, 1, 1};
  bool pad_after_normalise = true;        // true: the padding is 0 in the tensor; false: pad_level, normalised
  float pad_level = 0;
};

// Where the resized picture lies in the tensor, and the tensor's size.
struct Placement {
  int x = 0, y = 0, width = 0, height = 0;
  int tensor_width = 0, tensor_height = 0;
};

}  // namespace samwire
