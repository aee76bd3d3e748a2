#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mask/kernels.h"
#include "mask/mask.h"
#include "mask/sampling.h"

namespace samwire {

// Low-res logits -> a mask of the frame: crop the padding, bilinear to the frame's size, threshold,
// and column-major runs with area, box and stability score, without a full-size image of any kind.
//
// One extractor serves one MaskSpec and one thread at a time; it owns its tables and scratch (about
// 0.4 MB for a 256 x 256 grid and a 1080p frame, plus 4 bytes a run of the busiest mask so far),
// and allocates nothing after its first masks. Every machine computes the same bits.
//
// - inside: logit > threshold, or >= where `inclusive`.
// - NaN is outside: so is every pixel whose bilinear support touches one (as in torch, where NaN >
// 0 is false).
//   Infinities and values beyond +-1e8 count as +-1e8; values within 1e-12 of the threshold count
//   as equal to it.
// - stability: SAM's calculate_stability_score, the IoU of the masks at threshold + offset and
// threshold - offset,
//   counted at frame resolution, as SamAutomaticMaskGenerator does. The first lies within the
//   second, so it is the quotient of their areas; 0 where both are empty (SAM: 0 / 0 = NaN).
class MaskExtractor {
 public:
  // Throws Error("invalid_argument"), see check_mask_spec.
  explicit MaskExtractor(const MaskSpec& spec, const MaskKernels& kernels = best_mask_kernels());

  // `logits`: [grid_height, grid_width]. `out` is overwritten; its memory is used again.
  void extract(const float* logits, MaskResult& out);

  const MaskSpec& spec() const noexcept { return spec_; }

 private:
  void build_columns();
  void build_blocks();
  void prepare(const float* logits);
  WalkJob walk_job();
  void grow_flips(WalkJob& job);

  MaskSpec spec_;
  const MaskKernels* kernels_;
  FrameSampling sampling_;
  bool columns_adjacent_ = false;
  int cell_stride_ = 0;
  std::vector<int> rows_;
  std::vector<ColumnTap> columns_;
  std::vector<int> block_rows_;
  std::vector<float> row_weights_;
  int row_taps_ = 2;
  int row_stride_ = 8;
  std::vector<float> staging_;
  std::vector<float> cells_;
  std::vector<std::uint8_t> classes_;
  std::vector<float> knot_values_;
  std::vector<std::uint32_t> flips_;
};

}  // namespace samwire
