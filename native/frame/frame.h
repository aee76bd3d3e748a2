#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace samwire {

// Byte layouts, named as GStreamer names them. kRGB and kBGR are packed 24 bit, kBGRx and kRGBx 32
// bit with an unused fourth byte, kGray8 one byte a pixel. kGray16LE and kGray16BE are depth, two
// bytes a pixel, and no picture: image code refuses them.
enum class PixelFormat {
  kNV12,
  kI420,
  kYUY2,
  kBGRx,
  kRGBx,
  kRGB,
  kBGR,
  kGray8,
  kGray16LE,
  kGray16BE
};
// What a stream carries.
enum class FrameKind { kPicture, kDepth };
enum class ColorMatrix { kBT601, kBT709 };
enum class ColorRange { kLimited, kFull };

// A picture in somebody else's memory. Strides are in bytes and may exceed a row's pixels. Chroma
// planes of NV12/I420 have ceil(width/2) x ceil(height/2) samples. matrix and range matter for YUV
// formats only.
struct ImageView {
  struct Plane {
    const std::uint8_t* data = nullptr;
    int stride = 0;
  };
  PixelFormat format = PixelFormat::kRGB;
  int width = 0;
  int height = 0;
  ColorMatrix matrix = ColorMatrix::kBT601;
  ColorRange range = ColorRange::kLimited;
  std::array<Plane, 3> planes{};
};

// One captured picture, immutable once it is shared. Owned by shared_ptr: the camera's history, the
// registry (for JS handles) and whoever reads it hold it; the last one to let go gives its memory
// back to the pool.
struct Frame {
  std::uint64_t id = 0;     // unique in the process, never reused
  std::uint64_t seq = 0;    // counts from 1 per camera, goes on over reconnects
  double timestamp_ms = 0;  // capture time, ms since the Unix epoch
  double position_ms = -1;  // stream time (position in the file), -1 where unknown
  ImageView view;           // points into `memory`
  std::shared_ptr<const std::uint8_t[]> memory;
  std::size_t size_bytes = 0;
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace samwire
