#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace samwire {

// Pixel indices, as points of prompts are written: the middle of the leftmost column has x = 0.
struct Centroid {
  double x = 0;
  double y = 0;
};

// The mean of the mask's pixels (moments of order 0 and 1), exact over the runs; nothing for an
// empty mask. It may lie outside of a mask that is no convex one.
//
// `counts`: canonical runs of columns of `height` pixels (rle.h).
std::optional<Centroid> mask_centroid(std::span<const std::uint32_t> counts, int height);

}  // namespace samwire
