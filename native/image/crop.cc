#include "image/crop.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/prepare.h"
#include "image/view.h"

namespace samwire {
namespace {

bool is_yuv(PixelFormat format) {
  return format == PixelFormat::kNV12 || format == PixelFormat::kI420 ||
         format == PixelFormat::kYUY2;
}

// The same picture without its first `x` columns and `y` rows; of YUV both are even.
ImageView from(const ImageView& view, int x, int y) {
  ImageView part = view;
  const image::RowSource row = image::row_source(view, y);
  for (int p = 0; p < image::plane_count(view.format); ++p) {
    part.planes[p].data = row.plane[p] + image::row_bytes(view.format, p, x);
  }
  part.width = view.width - x;
  part.height = view.height - y;
  return part;
}

}  // namespace

FramePtr crop_frame(const Frame& frame, const Region& region, FramePool& pool) {
  check_region(region, frame.view.width, frame.view.height);
  const auto copied = [&](const ImageView& view) {
    return copy_frame(view, frame.seq, frame.timestamp_ms, frame.position_ms, pool);
  };
  if (!is_yuv(frame.view.format)) {
    ImageView part = from(frame.view, region.x, region.y);
    part.width = region.width;
    part.height = region.height;
    return copied(part);
  }
  const int left = region.x % 2;
  const int top = region.y % 2;
  ImageView part = from(frame.view, region.x - left, region.y - top);
  part.width = left + region.width;
  part.height = top + region.height;
  const std::size_t stride = static_cast<std::size_t>(part.width) * 3;
  std::vector<std::uint8_t> rgb(stride * static_cast<std::size_t>(part.height));
  to_rgb(part, rgb.data());
  ImageView cut;
  cut.format = PixelFormat::kRGB;
  cut.width = region.width;
  cut.height = region.height;
  cut.planes[0] = {
      rgb.data() + static_cast<std::size_t>(top) * stride + static_cast<std::size_t>(left) * 3,
      static_cast<int>(stride)};
  return copied(cut);
}

}  // namespace samwire
