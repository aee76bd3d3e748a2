#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "frame/error.h"
#include "image/prepare.h"
#include "image/view.h"

namespace samwire {
namespace {

// std::nearbyint rounds halves to even in the mode that a thread starts in.
int whole(const ImageSpec& spec, double side) {
  return static_cast<int>(spec.rounding == Rounding::kHalfEven ? std::nearbyint(side) : side + 0.5);
}

// The other side when one side becomes the tensor's. The floats and their order are those of the
// authors, because int() of 658.999… and of 659 differ: segment_anything's get_preprocess_shape and
// NanoSAM's preprocess_image; Ultralytics' LetterBox rounds halves to even.
int scaled_width(const ImageSpec& spec, int width, int height) {
  if (spec.rounding == Rounding::kFloor) {
    return static_cast<int>(spec.height * (static_cast<double>(width) / height));
  }
  return whole(spec, width * (static_cast<double>(spec.height) / height));
}

int scaled_height(const ImageSpec& spec, int width, int height) {
  if (spec.rounding == Rounding::kFloor) {
    return static_cast<int>(spec.width / (static_cast<double>(width) / height));
  }
  return whole(spec, height * (static_cast<double>(spec.width) / width));
}

void letterbox(const ImageSpec& spec, int width, int height, Placement& p) {
  const bool width_limits = static_cast<std::int64_t>(spec.width) * height <=
                            static_cast<std::int64_t>(spec.height) * width;
  if (width_limits) {
    p.height = std::clamp(scaled_height(spec, width, height), 1, spec.height);
  } else {
    p.width = std::clamp(scaled_width(spec, width, height), 1, spec.width);
  }
}

}  // namespace

Placement place(const ImageSpec& spec, int width, int height) {
  image::check_spec(spec);
  if (std::min(width, height) < 1 || std::max(width, height) > kMaxImageSide) {
    throw Error("invalid_argument", "Expected the picture's sides to be 1.." +
                                        std::to_string(kMaxImageSide) + ", got " +
                                        std::to_string(width) + "x" + std::to_string(height));
  }
  if (spec.fit == Fit::kNative) return {0, 0, width, height, width, height};
  Placement p{0, 0, spec.width, spec.height, spec.width, spec.height};
  if (spec.fit == Fit::kStretch) return p;
  letterbox(spec, width, height, p);
  if (spec.fit == Fit::kLetterboxCentred) {
    p.x = (spec.width - p.width) / 2;
    p.y = (spec.height - p.height) / 2;
  }
  return p;
}

}  // namespace samwire
