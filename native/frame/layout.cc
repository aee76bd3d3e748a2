#include "frame/layout.h"

#include <string>
#include <utility>

#include "frame/error.h"

namespace samwire {
namespace {

constexpr std::pair<PixelFormat, const char*> kNames[] = {{PixelFormat::kNV12, "NV12"},
                                                          {PixelFormat::kI420, "I420"},
                                                          {PixelFormat::kYUY2, "YUY2"},
                                                          {PixelFormat::kBGRx, "BGRx"},
                                                          {PixelFormat::kRGBx, "RGBx"},
                                                          {PixelFormat::kRGB, "RGB"},
                                                          {PixelFormat::kBGR, "BGR"},
                                                          {PixelFormat::kGray8, "GRAY8"},
                                                          {PixelFormat::kGray16LE, "GRAY16_LE"},
                                                          {PixelFormat::kGray16BE, "GRAY16_BE"}};

}  // namespace

PlaneSizes plane_sizes(PixelFormat format, int width, int height) {
  if (width < 1 || height < 1 || width > kMaxFrameSide || height > kMaxFrameSide) {
    throw Error("invalid_argument", "Expected a frame of 1x1 to 32768x32768 pixels, got " +
                                        std::to_string(width) + "x" + std::to_string(height) + ".");
  }
  const auto w = static_cast<std::size_t>(width);
  const auto h = static_cast<std::size_t>(height);
  const std::size_t half_w = (w + 1) / 2;
  const std::size_t half_h = (h + 1) / 2;
  switch (format) {
    case PixelFormat::kNV12:
      return {{{{w, h}, {half_w * 2, half_h}, {}}}, 2};
    case PixelFormat::kI420:
      return {{{{w, h}, {half_w, half_h}, {half_w, half_h}}}, 3};
    case PixelFormat::kYUY2:
      return {{{{half_w * 4, h}, {}, {}}}, 1};
    case PixelFormat::kBGRx:
    case PixelFormat::kRGBx:
      return {{{{w * 4, h}, {}, {}}}, 1};
    case PixelFormat::kRGB:
    case PixelFormat::kBGR:
      return {{{{w * 3, h}, {}, {}}}, 1};
    case PixelFormat::kGray8:
      return {{{{w, h}, {}, {}}}, 1};
    case PixelFormat::kGray16LE:
    case PixelFormat::kGray16BE:
      return {{{{w * 2, h}, {}, {}}}, 1};
  }
  throw Error("invalid_argument", "Expected a known pixel format, got number " +
                                      std::to_string(static_cast<int>(format)) + ".");
}

ImageView packed_view(PixelFormat format, int width, int height, const std::uint8_t* data,
                      std::size_t size_bytes) {
  const PlaneSizes sizes = plane_sizes(format, width, height);
  ImageView view;
  view.format = format;
  view.width = width;
  view.height = height;
  std::size_t offset = 0;
  for (int i = 0; i < sizes.count; ++i) {
    const PlaneSize& plane = sizes.planes[i];
    view.planes[i] = {data + offset, static_cast<int>(plane.row_bytes)};
    offset += plane.row_bytes * plane.rows;
  }
  if (offset != size_bytes) {
    throw Error("invalid_argument", "Expected " + std::to_string(offset) + " bytes for " +
                                        std::to_string(width) + "x" + std::to_string(height) + " " +
                                        pixel_format_name(format) + ", got " +
                                        std::to_string(size_bytes) + ".");
  }
  return view;
}

FrameKind kind_of(PixelFormat format) {
  const bool depth = format == PixelFormat::kGray16LE || format == PixelFormat::kGray16BE;
  return depth ? FrameKind::kDepth : FrameKind::kPicture;
}

const char* pixel_format_name(PixelFormat format) {
  for (const auto& [value, name] : kNames) {
    if (value == format) return name;
  }
  return "unknown";
}

std::optional<PixelFormat> pixel_format_of(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (name == known) return value;
  }
  return std::nullopt;
}

}  // namespace samwire
