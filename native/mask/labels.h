#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace samwire {

// One mask of a label image.
struct LabelLayer {
  std::string counts;  // COCO compressed runs (rle.h)
  std::uint16_t label = 0;
};

// The row-major image of masks laid upon each other in their order: each pixel has the label of the
// last mask that covers it, 0 where there is none. `out`: width x height pixels of 8 or 16 bits, in
// the machine's byte order; the 8-bit form takes the labels' lower byte. Throws as rle_decompress;
// what `out` holds is undefined then. 30 masks of 1920x1080 take 3 ms in 8 bits, 6 ms in 16 (one
// core of a 2 vCPU Xeon).
void paint_labels(std::span<const LabelLayer> layers, int width, int height, std::uint8_t* out);
void paint_labels(std::span<const LabelLayer> layers, int width, int height, std::uint16_t* out);

}  // namespace samwire
