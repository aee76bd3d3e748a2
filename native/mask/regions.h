#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace samwire {

struct Cleaned {
  std::vector<std::uint32_t> counts;
  // Whether there was a region to fill or to remove. As in the reference it is true also where all
  // islands were small and the only one stayed.
  bool changed = false;
};

// SAM's remove_small_regions for holes, then for islands (SamAutomaticMaskGenerator's
// postprocess_small_regions): regions are connected over 8 neighbours; a hole, which may lie at the
// picture's edge, of fewer than `min_area` pixels is filled; an island of fewer is removed, but
// where all are, the largest stays (of equals the first in OpenCV's numbering: by blocks of 2 x 2
// pixels, row by row).
//
// `counts`: canonical runs of a width x height mask. Works on runs: time and memory grow with them
// and with the width, never with the area.
Cleaned remove_small_regions(std::span<const std::uint32_t> counts, int width, int height,
                             std::int64_t min_area);

}  // namespace samwire
