#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "mask/extract.h"
#include "mask/lowres.h"
#include "mask/mask.h"
#include "mask/sampling.h"

namespace samwire {

// A mask of the frame and the same on the prototypes' grid, both cut to the object's box.
struct ObjectMask {
  MaskResult mask;
  LowResMask lowres;
};

// Masks of a YOLO segmentation network: an object's logits are the sum of the prototypes, each
// times a coefficient of the object; they are enlarged to the frame, cut to the object's box there
// and thresholded (process_mask_native of Ultralytics, which FastSAM's retina_masks takes).
//
// - A pixel is in the box where x1 <= x < x2 and y1 <= y < y2, a grid cell where its centre is.
// - stability as MaskExtractor's, counted within the box.
// - Cells that no pixel of the box depends on are not computed.
//
// One serves one MaskSpec and one thread at a time.
class PrototypeMasks {
 public:
  // Throws Error("invalid_argument"), see check_mask_spec.
  explicit PrototypeMasks(const MaskSpec& spec);

  // `prototypes`: [channels, grid_height, grid_width]; `coefficients`: [channels]; `box`: x1, y1,
  // x2, y2 in frame pixels, which may have fractions or be NaN (an empty mask).
  void extract(const float* prototypes, int channels, const float* coefficients,
               const std::array<float, 4>& box, ObjectMask& out);

  std::size_t plane_size() const noexcept { return logits_.size(); }

 private:
  // Grid cells, exclusive ends.
  struct Cells {
    int x1, y1, x2, y2;
  };

  Cells cells_under(int x1, int y1, int x2, int y2) const;
  void sum(const float* prototypes, int channels, const float* coefficients, const Cells& cells);

  MaskSpec spec_;
  FrameSampling sampling_;
  MaskExtractor at_threshold_;
  MaskExtractor above_;
  MaskExtractor below_;
  std::vector<float> logits_;
  MaskResult scratch_;
};

}  // namespace samwire
