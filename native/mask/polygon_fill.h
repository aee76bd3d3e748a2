#pragma once

#include <span>
#include <vector>

#include "mask/mask.h"

namespace samwire {

// The mask of COCO polygons (a `segmentation` that is a list of rings), pixel for pixel as
// pycocotools' frPyObjects and merge make it: each ring by the even-odd rule, all rings together.
// A ring is x1, y1, x2, y2, ... in pixels (a pixel covers [0, 1) of its index), closed by itself;
// it may leave the picture. Stability as rle_measure.
//
// pycocotools walks the ring's outline on a grid five times as fine and takes a crossing of a
// column's centre as one of the column, the row rounded up; what that says of sub-pixel borders is
// followed exactly, because published scores depend on it.
//
// Throws Error("invalid_argument") for a ring of fewer than three points or an odd number of
// numbers, coordinates that are not finite or beyond +-1e6, outlines of over 4 million pixels in
// all, and sides as rle_decompress. Time grows with the outlines' length.
MaskResult fill_polygons(std::span<const std::vector<double>> rings, int width, int height);

}  // namespace samwire
