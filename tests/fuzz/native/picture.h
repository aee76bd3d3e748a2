#pragma once

#include <memory>

#include "frame/layout.h"
#include "fuzz.h"

namespace samwire::fuzz {

// A picture whose planes lie each in memory of their own that ends with their last pixel, so that
// AddressSanitizer sees every byte too far.
struct Picture {
  ImageView view;
  std::unique_ptr<std::uint8_t[]> planes[3];
};

inline Picture picture_from(Input& in, PixelFormat format, int width, int height) {
  Picture picture;
  ImageView& view = picture.view;
  view.format = format;
  view.width = width;
  view.height = height;
  view.matrix = in.flag() ? ColorMatrix::kBT709 : ColorMatrix::kBT601;
  view.range = in.flag() ? ColorRange::kFull : ColorRange::kLimited;
  const PlaneSizes sizes = plane_sizes(format, width, height);
  for (int i = 0; i < sizes.count; ++i) {
    const PlaneSize& plane = sizes.planes[i];
    const std::size_t stride = plane.row_bytes + in.range(0, 9);
    const std::size_t bytes = stride * (plane.rows - 1) + plane.row_bytes;
    picture.planes[i].reset(new std::uint8_t[bytes]);
    // A few bytes of the input are stretched over the whole: levels are no control flow.
    std::uint32_t state = in.raw<std::uint32_t>() | 1;
    for (std::size_t b = 0; b < bytes; ++b) {
      state = state * 1664525 + 1013904223;
      picture.planes[i][b] = static_cast<std::uint8_t>(state >> 24);
    }
    view.planes[i] = {picture.planes[i].get(), static_cast<int>(stride)};
  }
  return picture;
}

}  // namespace samwire::fuzz
