#include "mask/rle_iou.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "frame/error.h"

namespace samwire {
namespace {

// A place in runs: what is left of the current one, and whether it is inside.
struct RunCursor {
  std::span<const std::uint32_t> counts;
  std::size_t next = 0;
  std::uint32_t left = 0;
  bool inside = true;  // before the first run, which is background

  // Steps over runs that are used up; false at the end.
  bool settle() {
    while (left == 0) {
      if (next == counts.size()) return false;
      left = counts[next++];
      inside = !inside;
    }
    return true;
  }
};

std::uint64_t pixels_of(std::span<const std::uint32_t> counts) {
  std::uint64_t sum = 0;
  for (const std::uint32_t count : counts) sum += count;
  return sum;
}

}  // namespace

RleOverlap rle_overlap(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  if (pixels_of(a) != pixels_of(b)) {
    throw Error("invalid_argument", "Expected two masks of one size, got " +
                                        std::to_string(pixels_of(a)) + " and " +
                                        std::to_string(pixels_of(b)) + " pixels.");
  }
  RleOverlap overlap;
  RunCursor first{a};
  RunCursor second{b};
  while (first.settle() && second.settle()) {
    const std::uint32_t step = std::min(first.left, second.left);
    if (first.inside) overlap.area_a += step;
    if (second.inside) overlap.area_b += step;
    if (first.inside && second.inside) overlap.intersection += step;
    first.left -= step;
    second.left -= step;
  }
  return overlap;
}

}  // namespace samwire
