#pragma once

#include <cstdint>
#include <span>

#include "mask/mask.h"

namespace samwire {

// The decoder's own grid, thresholded and cropped to the cells under the frame (frame_cells_x/y).
// `mask` is of width x height cells, its stability counted in cells. A cell covers scale_x x
// scale_y frame pixels, starting at the frame's corner (within one cell where a centred letterbox
// begins inside of a cell). NaN is outside.
struct LowResMask {
  int width = 0;
  int height = 0;
  double scale_x = 0;
  double scale_y = 0;
  MaskResult mask;
};

// `logits`: [grid_height, grid_width]. Throws as check_mask_spec.
LowResMask low_res_mask(const float* logits, const MaskSpec& spec);

// A mask of the frame as a decoder's mask_input: area-averaged into the grid at its letterboxed
// place, (2 * coverage - 1) * magnitude; cells outside of the picture get -magnitude. `counts` are
// runs of the frame; `out` is [grid_height, grid_width]. Throws as check_mask_spec, and
// Error("invalid_argument") for runs that don't sum to the frame or a magnitude that is not finite.
void rle_to_logits(std::span<const std::uint32_t> counts, const MaskSpec& spec, float magnitude,
                   float* out);

}  // namespace samwire
