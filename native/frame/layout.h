#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "frame/frame.h"

namespace samwire {

// Bytes of a row and number of rows of one plane, without padding.
struct PlaneSize {
  std::size_t row_bytes = 0;
  std::size_t rows = 0;
};

struct PlaneSizes {
  std::array<PlaneSize, 3> planes{};
  int count = 0;
};

// Largest width and height that a frame may have, in pixels.
inline constexpr int kMaxFrameSide = 32768;

// Throws Error("invalid_argument") unless 1 <= width, height <= kMaxFrameSide.
PlaneSizes plane_sizes(PixelFormat format, int width, int height);

// A view on planes that follow each other without any padding, as `createFrame` takes them from JS.
// Throws Error("invalid_argument") when `size_bytes` is not exactly what the format needs.
ImageView packed_view(PixelFormat format, int width, int height, const std::uint8_t* data,
                      std::size_t size_bytes);

// GStreamer's names, which are also those of src/native/types.ts.
FrameKind kind_of(PixelFormat format);
const char* pixel_format_name(PixelFormat format);
std::optional<PixelFormat> pixel_format_of(std::string_view name);

}  // namespace samwire
