#pragma once

#include <vector>

#include "mask/mask.h"
#include "mask/sampling.h"

namespace samwire {

// How strongly masks' probabilities change at their boundaries: the first half of SAM's zero-shot
// edge detection ("Segment Anything", appendix D.2; RepViT-SAM does the same).
//
// Of one plane of logits: enlarged to the frame as masks are (sample_frame), then the sigmoid of
// its distance to the threshold, then the length of the Sobel gradient over 4, so that a step from
// 0 to 1 along an axis has strength 1. It counts on boundary pixels only: those whose 3 x 3
// neighbourhood holds pixels inside and outside of the mask, so one pixel deep on either side.
// Everything else is 0. Beyond the frame its border pixels go on, so the frame's own border is no
// edge. NaN is outside, as in MaskExtractor.
//
// One instance serves one MaskSpec and one thread; its scratch is a few rows of the frame.
class SoftEdges {
 public:
  // Throws Error("invalid_argument"), see check_mask_spec.
  explicit SoftEdges(const MaskSpec& spec);

  // Raises `strength` ([frame_height, frame_width], 0 at the start) to the plane's edges where
  // those are stronger. `logits`: [grid_height, grid_width]. Time grows with the mask's box.
  void add(const float* logits, float* strength);

 private:
  struct Window;
  bool find_window(const float* logits, Window& window) const;
  void fill_row(const float* logits, const Window& window, int y, float* values,
                std::uint8_t* inside);
  void raise_row(const Window& window, float* strength) const;

  MaskSpec spec_;
  FrameSampling sampling_;
  std::vector<float> knot_row_;
  // The rows above, at and below the one in work, each with a border pixel on either side.
  std::vector<float> values_[3];
  std::vector<std::uint8_t> inside_[3];
};

}  // namespace samwire
