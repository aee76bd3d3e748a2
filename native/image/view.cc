#include "image/view.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "frame/error.h"

namespace samwire::image {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error("invalid_argument", message); }

void check_side(const char* what, int value) {
  if (value < 1 || value > kMaxImageSide) {
    invalid(std::string("Expected ") + what + " to be 1.." + std::to_string(kMaxImageSide) +
            ", got " + std::to_string(value));
  }
}

bool has_half_height(PixelFormat format, int plane) {
  return plane > 0 && (format == PixelFormat::kNV12 || format == PixelFormat::kI420);
}

std::int16_t fixed(double factor, int one) {
  return static_cast<std::int16_t>(std::lround(factor * one));
}

}  // namespace

YuvFactors yuv_factors(ColorMatrix matrix, ColorRange range) {
  const double kr = matrix == ColorMatrix::kBT709 ? 0.2126 : 0.299;
  const double kb = matrix == ColorMatrix::kBT709 ? 0.0722 : 0.114;
  const double kg = 1 - kr - kb;
  const bool limited = range == ColorRange::kLimited;
  const double luma = limited ? 255.0 / 219 : 1;
  const double chroma = limited ? 255.0 / 224 : 1;
  const double v_to_r = 2 * (1 - kr) * chroma;
  const double u_to_b = 2 * (1 - kb) * chroma;
  constexpr int kLumaOne = 1 << 14;
  constexpr int kChromaOne = 1 << 13;
  return {static_cast<std::int16_t>(limited ? 16 << 7 : 0),
          fixed(luma, kLumaOne),
          fixed(v_to_r, kChromaOne),
          fixed(-u_to_b * kb / kg, kChromaOne),
          fixed(-v_to_r * kr / kg, kChromaOne),
          fixed(u_to_b, kChromaOne)};
}

int plane_count(PixelFormat format) {
  if (format == PixelFormat::kI420) return 3;
  return format == PixelFormat::kNV12 ? 2 : 1;
}

int row_bytes(PixelFormat format, int plane, int width) {
  const int pairs = (width + 1) / 2;
  switch (format) {
    case PixelFormat::kNV12:
      return plane == 0 ? width : pairs * 2;
    case PixelFormat::kI420:
      return plane == 0 ? width : pairs;
    case PixelFormat::kYUY2:
      return pairs * 4;
    case PixelFormat::kBGRx:
    case PixelFormat::kRGBx:
      return width * 4;
    case PixelFormat::kRGB:
    case PixelFormat::kBGR:
      return width * 3;
    case PixelFormat::kGray8:
      return width;
    case PixelFormat::kGray16LE:
    case PixelFormat::kGray16BE:
      invalid("Expected a picture, got 16-bit depth");
  }
  invalid("Expected a known pixel format");
}

RowSource row_source(const ImageView& view, int y) {
  RowSource row{};
  for (int p = 0; p < plane_count(view.format); ++p) {
    const std::ptrdiff_t plane_y = has_half_height(view.format, p) ? y / 2 : y;
    row.plane[p] = view.planes[p].data + plane_y * view.planes[p].stride;
  }
  return row;
}

void check_view(const ImageView& view) {
  check_side("the picture's width", view.width);
  check_side("the picture's height", view.height);
  for (int p = 0; p < plane_count(view.format); ++p) {
    const int needed = row_bytes(view.format, p, view.width);
    const std::string name = "plane " + std::to_string(p);
    if (view.planes[p].data == nullptr) invalid("Expected " + name + " to have data, got null");
    if (view.planes[p].stride < needed) {
      invalid("Expected " + name + " to have a stride of at least " + std::to_string(needed) +
              " bytes, got " + std::to_string(view.planes[p].stride));
    }
  }
}

void check_spec(const ImageSpec& spec) {
  if (spec.fit != Fit::kNative) {
    check_side("the tensor's width", spec.width);
    check_side("the tensor's height", spec.height);
  }
  if (!std::isfinite(spec.scale) || !std::isfinite(spec.pad_level)) {
    invalid("Expected scale and pad level to be finite");
  }
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(spec.mean[c]) || !std::isfinite(spec.std[c]) || spec.std[c] == 0) {
      invalid("Expected mean to be finite and std to be finite and not 0, for channel " +
              std::to_string(c));
    }
  }
}

}  // namespace samwire::image
