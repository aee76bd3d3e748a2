#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mask/mask.h"

namespace samwire {

// Masks as sets of pixels, on canonical column-major runs (rle.h). Runs that are combined are of
// one size: both sum to the same number of pixels.
using Runs = std::vector<std::uint32_t>;

// Exclusive x2, y2; reaches out of the mask or is empty as it likes.
struct PixelBox {
  int x1 = 0;
  int y1 = 0;
  int x2 = 0;
  int y2 = 0;
};

// A mask without a pixel. Throws Error("invalid_argument") for sides as rle_decompress does.
Runs empty_runs(int width, int height);
Runs unite_runs(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);
// What is in `a` and not in `b`.
Runs subtract_runs(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);
// The part of the mask that lies in the box.
Runs crop_runs(std::span<const std::uint32_t> counts, int width, int height, const PixelBox& box);
// Pixels of the mask in the box.
std::int64_t area_in_box(std::span<const std::uint32_t> counts, int height, const PixelBox& box);

}  // namespace samwire
