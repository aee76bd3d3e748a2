#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frame/region.h"

namespace samwire {

// Work on masks as runs, without a bitmap. `counts` are canonical COCO runs (mask/rle.h) of a
// height that is given; nothing here throws but for memory and where it says so.

// The mask of a crop of a frame as a mask of the frame, outside of the crop empty. `counts` sum to
// the crop's size. Throws Error("invalid_argument") for a crop that is empty or not within the
// frame, and as mask_pixel_count for the frame.
std::vector<std::uint32_t> rle_uncrop(std::span<const std::uint32_t> counts, const Region& crop,
                                      int frame_width, int frame_height);

// The mask seen on a coarser grid: a cell is inside where the pixel at its centre is. Throws as
// mask_pixel_count for the grid.
std::vector<std::uint32_t> rle_sample(std::span<const std::uint32_t> counts, int width, int height,
                                      int grid_width, int grid_height);

// Answers whether single pixels lie inside a mask: binary search over the ends of its runs.
class RlePixels {
 public:
  RlePixels(std::span<const std::uint32_t> counts, int width, int height);
  // False for pixels outside of the picture.
  bool inside(int x, int y) const;

 private:
  std::vector<std::uint64_t> ends_;  // of run i, exclusive
  int width_;
  int height_;
};

}  // namespace samwire
