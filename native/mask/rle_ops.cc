#include "mask/rle_ops.h"

#include <algorithm>

#include "mask/rle.h"
#include "mask/run_collector.h"

namespace samwire {

std::vector<std::uint32_t> rle_uncrop(std::span<const std::uint32_t> counts, const Region& crop,
                                      int frame_width, int frame_height) {
  const std::uint32_t pixels = mask_pixel_count(frame_width, frame_height);
  check_region(crop, frame_width, frame_height);
  RunCollector runs;
  for_each_column_run(counts, crop.height, [&](int x, int y0, int y1) {
    const std::uint64_t column = static_cast<std::uint64_t>(crop.x + x) * frame_height + crop.y;
    runs.add(column + y0, column + y1);
  });
  return runs.finish(pixels);
}

std::vector<std::uint32_t> rle_sample(std::span<const std::uint32_t> counts, int width, int height,
                                      int grid_width, int grid_height) {
  const std::uint32_t cells = mask_pixel_count(grid_width, grid_height);
  const RlePixels pixels(counts, width, height);
  RunCollector runs;
  for (int u = 0; u < grid_width; ++u) {
    const auto x =
        static_cast<int>((2 * static_cast<std::int64_t>(u) + 1) * width / 2 / grid_width);
    for (int v = 0; v < grid_height; ++v) {
      const auto y =
          static_cast<int>((2 * static_cast<std::int64_t>(v) + 1) * height / 2 / grid_height);
      const std::uint64_t at = static_cast<std::uint64_t>(u) * grid_height + v;
      if (pixels.inside(x, y)) runs.add(at, at + 1);
    }
  }
  return runs.finish(cells);
}

RlePixels::RlePixels(std::span<const std::uint32_t> counts, int width, int height)
    : width_(width), height_(height) {
  ends_.reserve(counts.size());
  std::uint64_t end = 0;
  for (const std::uint32_t count : counts) ends_.push_back(end += count);
}

bool RlePixels::inside(int x, int y) const {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return false;
  const std::uint64_t at = static_cast<std::uint64_t>(x) * height_ + y;
  const auto run = std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin();
  return (run & 1) != 0;
}

}  // namespace samwire
