#pragma once

#include <cstdint>
#include <vector>

#include "image/prepare.h"

namespace samwire {

// Throws Error("invalid_argument") unless 1 <= width, height and neither is larger than the
// picture's.
void check_scaled_size(const ImageView& view, int width, int height);

// Pictures made smaller for people to look at. Owns its scratch memory, so that a call allocates
// nothing when this size was among the last few. One instance a thread.
class ScaledRgb {
 public:
  // Packed RGB, out[height][width][3]: each pixel the mean of those that it stands for, as OpenCV's
  // INTER_AREA. At the picture's own size it is to_rgb. Throws Error("invalid_argument") for a view
  // that to_rgb refuses, and as check_scaled_size does.
  void write(const ImageView& view, int width, int height, std::uint8_t* out);

 private:
  ImagePreparer preparer_;
  std::vector<float> levels_;
  std::vector<std::uint8_t> rows_;
};

}  // namespace samwire
