#pragma once

#include <cstdint>

#include "image/prepare.h"

namespace samwire::image {

// Fixed-point factors of YUV → RGB. Luma is (Y << 7) - y_offset, chroma (C - 128) << 8; each
// product is (a * b + 2^14) >> 15, and sums have 6 fractional bits.
struct YuvFactors {
  std::int16_t y_offset, y, v_to_r, u_to_g, v_to_g, u_to_b;
};

YuvFactors yuv_factors(ColorMatrix matrix, ColorRange range);

// Start of one pixel row in each plane.
struct RowSource {
  const std::uint8_t* plane[3];
};

int plane_count(PixelFormat format);

// Bytes of one row that hold pixels.
int row_bytes(PixelFormat format, int plane, int width);

RowSource row_source(const ImageView& view, int y);

void check_view(const ImageView& view);
void check_spec(const ImageSpec& spec);

}  // namespace samwire::image
