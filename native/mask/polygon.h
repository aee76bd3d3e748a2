#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace samwire {

// A ring is x0,y0,x1,y1,... along pixel edges (corners of pixels, 0..width and 0..height), not
// closed by a repeated point. On the screen, y down, outer rings run clockwise and holes
// counter-clockwise: the mask lies to the right.
struct Polygon {
  std::vector<std::int32_t> outer;
  std::vector<std::vector<std::int32_t>> holes;
};

// Canonical column-major runs (rle.h) of width x height pixels -> polygons with holes, in the order
// of their leftmost, then topmost corner, which is also where each ring begins.
//
// The mask is 4-connected: pixels that meet at a corner only belong to different polygons, so that
// no outer ring crosses itself (a ring may touch itself or another in a corner). Holes are
// 8-connected. With tolerance_px 0 the rings are exact: filling them (even-odd) gives the mask
// back. Linear in runs and corners.
//
// tolerance_px > 0: Douglas-Peucker; no removed corner is farther than that from the ring's line.
// Holes that vanish are left out; an outer ring keeps at least three corners. O(n log n): splits
// that stay lopsided 32 levels deep are halved instead, which keeps a few corners more. Throws
// Error("invalid_argument") for a tolerance that is negative or not finite, and for runs that don't
// sum to width x height.
std::vector<Polygon> rle_to_polygons(std::span<const std::uint32_t> counts, int width, int height,
                                     double tolerance_px);

// One ring simplified as above. A ring that is nowhere wider than the tolerance comes to its first
// corner and the one farthest from it; with `keep_area`, the farthest corner of each side between
// them is kept too.
std::vector<std::int32_t> simplify_ring(std::span<const std::int32_t> ring, double tolerance_px,
                                        bool keep_area);

}  // namespace samwire
