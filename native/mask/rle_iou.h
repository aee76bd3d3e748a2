#pragma once

#include <cstdint>
#include <span>

namespace samwire {

// How two masks of one size overlap, counted on their runs in one walk over both: exact, and no
// pixel is ever painted.
struct RleOverlap {
  std::int64_t intersection = 0;  // pixels
  std::int64_t area_a = 0;
  std::int64_t area_b = 0;

  std::int64_t union_area() const { return area_a + area_b - intersection; }
  // 0 where both masks are empty.
  double iou() const {
    return union_area() == 0
               ? 0
               : static_cast<double>(intersection) / static_cast<double>(union_area());
  }
};

// `a`, `b`: COCO runs, background first. Throws Error("invalid_argument") for runs that do not sum
// to the same number of pixels.
RleOverlap rle_overlap(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

}  // namespace samwire
