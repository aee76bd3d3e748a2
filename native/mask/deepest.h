#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace samwire {

// A pixel of a mask and the square of its distance to the nearest pixel that is not of the mask.
struct DeepPixel {
  int x = 0;
  int y = 0;
  std::int64_t distance_squared = 0;
};

// The pixel of the mask that lies farthest from everything outside, by the exact Euclidean distance
// between pixel centres. What lies beyond the picture is outside, so that a mask which the picture
// cuts is not prompted at the border. Among equals the first in reading order (the topmost, then
// the leftmost). Nothing for an empty mask. Time and memory grow with the mask's box.
//
// `counts`: canonical runs of columns of `height` pixels.
std::optional<DeepPixel> deepest_pixel(std::span<const std::uint32_t> counts, int height);

}  // namespace samwire
