#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/prepare.h"

namespace samwire {

// Sides of frames that masks are made of are 1..kMaxMaskSide pixels.
inline constexpr int kMaxMaskSide = 65535;

// How a grid of low-res logits becomes a mask of the frame (a manifest's `mask` block).
struct MaskSpec {
  int grid_width = 256;  // of the decoder's logits
  int grid_height = 256;
  Placement placement;  // where the frame lies in the encoder's input
  int frame_width = 0;
  int frame_height = 0;
  bool via_input = true;  // true: grid -> input size -> crop -> frame (SAM); false: crop the grid
                          // -> frame (NanoSAM)
  float threshold = 0;
  bool inclusive = false;  // mask where logit >= threshold instead of >
  float stability_offset = 1;
};

// Uncompressed COCO runs, column-major: background first, so counts[0] may be 0; they sum to width
// x height.
struct MaskResult {
  std::vector<std::uint32_t> counts;
  std::int64_t area = 0;
  std::array<int, 4> box{0, 0, 0, 0};  // x1, y1, exclusive x2, y2; all 0 when area is 0
  double stability = 0;
};

}  // namespace samwire
