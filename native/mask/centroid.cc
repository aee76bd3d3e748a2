#include "mask/centroid.h"

#include "mask/rle.h"

namespace samwire {

std::optional<Centroid> mask_centroid(std::span<const std::uint32_t> counts, int height) {
  // Twice the sum over y, so that a run's sum is a whole number. Sides are below 2^15.
  std::uint64_t area = 0;
  std::uint64_t sum_x = 0;
  std::uint64_t twice_sum_y = 0;
  for_each_column_run(counts, height, [&](int x, int y0, int y1) {
    const auto rows = static_cast<std::uint64_t>(y1 - y0);
    area += rows;
    sum_x += rows * static_cast<std::uint64_t>(x);
    twice_sum_y += rows * static_cast<std::uint64_t>(y0 + y1 - 1);
  });
  if (area == 0) return std::nullopt;
  const auto pixels = static_cast<double>(area);
  return Centroid{static_cast<double>(sum_x) / pixels,
                  static_cast<double>(twice_sum_y) / (2.0 * pixels)};
}

}  // namespace samwire
