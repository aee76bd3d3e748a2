#pragma once

#include <array>
#include <vector>

#include "mask/mask.h"

namespace samwire {

// Where one output row (or column) of a mask comes from: `count` consecutive knots from `start`,
// with convex weights. A knot is a grid row (column) that at least one output row (column) uses;
// see AxisSampling::knots.
struct AxisTap {
  int start = 0;
  int count = 0;
  std::array<float, 4> weight{};
};

// One axis of the way from the grid to the frame. Both bilinear maps are separable and sparse, so
// their composition is too: at most four knots an output pixel, and neighbouring ones. Starts and
// ends of the taps never decrease from one output pixel to the next.
struct AxisSampling {
  std::vector<int> knots;     // ascending grid indices
  std::vector<AxisTap> taps;  // one for each output pixel
};

struct FrameSampling {
  AxisSampling x;
  AxisSampling y;
};

// A span of grid cells.
struct GridSpan {
  int start = 0;
  int size = 0;
};

// The grid cells that lie under the frame, by axis. `direct` masks are cropped as NanoSAM's
// upscale_mask does: int(grid * extent / tensor) cells, which is its int(256 * height / width)
// whenever the image was resized with truncation. via_input masks: every cell that the frame
// touches.
GridSpan frame_cells_x(const MaskSpec& spec);
GridSpan frame_cells_y(const MaskSpec& spec);

// The grid's cell i covers the frame from origin + i * pitch to origin + (i + 1) * pitch, in frame
// pixels, by the same two rules. Outside of [0, frame size) is padding.
struct CellPitch {
  double origin = 0;
  double pitch = 0;
};
CellPitch cell_pitch_x(const MaskSpec& spec);
CellPitch cell_pitch_y(const MaskSpec& spec);

// Throws Error("invalid_argument") for sizes that are not positive or too large (grid axis over
// 4096, frame axis over 65535, frame over 2^31 - 1 pixels), a placement outside of its tensor, a
// threshold or offset that is not finite, or a negative offset.
void check_mask_spec(const MaskSpec& spec);

// Bilinear, align_corners=False, no antialias, as torch.nn.functional.interpolate. Positions are
// computed in double; fractions within 2^-20 of a knot are taken as that knot. `spec` must have
// passed check_mask_spec.
FrameSampling sample_frame(const MaskSpec& spec);

}  // namespace samwire
