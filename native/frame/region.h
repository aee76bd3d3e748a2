#pragma once

namespace samwire {

// A part of a picture, in its pixels: columns [x, x + width), rows [y, y + height).
struct Region {
  int x = 0, y = 0, width = 0, height = 0;
};

// Throws Error("invalid_argument") unless the region has pixels and lies within width x height.
void check_region(const Region& region, int width, int height);

}  // namespace samwire
