#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "image/prepare.h"

namespace samwire::image_testing {

inline constexpr PixelFormat kFormats[] = {
    PixelFormat::kNV12, PixelFormat::kI420, PixelFormat::kYUY2, PixelFormat::kBGRx,
    PixelFormat::kRGBx, PixelFormat::kRGB,  PixelFormat::kBGR,  PixelFormat::kGray8};
inline constexpr Filter kFilters[] = {
    Filter::kBilinear, Filter::kBilinearAntialias, Filter::kBilinearAntialiasFloat,
    Filter::kBicubic,  Filter::kBicubicAntialias,  Filter::kArea};
inline constexpr Fit kFits[] = {Fit::kLetterbox, Fit::kLetterboxCentred, Fit::kStretch,
                                Fit::kNative};

using Random = std::mt19937;

inline int between(Random& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

// A picture whose planes end with their last pixel, so that AddressSanitizer sees a byte read too
// many.
struct Picture {
  ImageView view;
  std::vector<std::uint8_t> planes[3];
};

struct PlaneSize {
  int row_bytes, rows;
};

inline std::vector<PlaneSize> plane_sizes(PixelFormat format, int w, int h) {
  const int half_w = (w + 1) / 2, half_h = (h + 1) / 2;
  switch (format) {
    case PixelFormat::kNV12:
      return {{w, h}, {2 * half_w, half_h}};
    case PixelFormat::kI420:
      return {{w, h}, {half_w, half_h}, {half_w, half_h}};
    case PixelFormat::kYUY2:
      return {{4 * half_w, h}};
    case PixelFormat::kBGRx:
    case PixelFormat::kRGBx:
      return {{4 * w, h}};
    case PixelFormat::kRGB:
    case PixelFormat::kBGR:
      return {{3 * w, h}};
    case PixelFormat::kGray8:
      break;
    case PixelFormat::kGray16LE:
    case PixelFormat::kGray16BE:
      return {{2 * w, h}};
  }
  return {{w, h}};
}

inline Picture picture(PixelFormat format, int width, int height, Random& random,
                       int max_gap = 13) {
  Picture p;
  p.view.format = format;
  p.view.width = width;
  p.view.height = height;
  p.view.matrix = random() % 2 == 0 ? ColorMatrix::kBT601 : ColorMatrix::kBT709;
  p.view.range = random() % 2 == 0 ? ColorRange::kLimited : ColorRange::kFull;
  int i = 0;
  for (const PlaneSize& size : plane_sizes(format, width, height)) {
    const int stride = size.row_bytes + between(random, 0, max_gap);
    p.planes[i].resize(static_cast<std::size_t>(stride) * (size.rows - 1) + size.row_bytes);
    for (std::uint8_t& byte : p.planes[i]) byte = static_cast<std::uint8_t>(random());
    p.view.planes[i] = {p.planes[i].data(), stride};
    ++i;
  }
  return p;
}

// Plain levels: scale 1, mean 0, std 1, so that floats are the 8-bit results themselves.
inline ImageSpec levels(int width, int height, Fit fit, Filter filter) {
  ImageSpec spec;
  spec.width = width;
  spec.height = height;
  spec.fit = fit;
  spec.filter = filter;
  return spec;
}

inline std::size_t floats(const Placement& p) {
  return 3 * static_cast<std::size_t>(p.tensor_width) * p.tensor_height;
}

inline std::vector<float> reference(const ImageView& view, const ImageSpec& spec) {
  std::vector<float> out(floats(place(spec, view.width, view.height)));
  prepare_reference(view, spec, out.data());
  return out;
}

inline std::string name_of(const ImageView& v, const ImageSpec& s) {
  return "format " + std::to_string(static_cast<int>(v.format)) + " " + std::to_string(v.width) +
         "x" + std::to_string(v.height) + " to " + std::to_string(s.width) + "x" +
         std::to_string(s.height) + " fit " + std::to_string(static_cast<int>(s.fit)) + " filter " +
         std::to_string(static_cast<int>(s.filter));
}

}  // namespace samwire::image_testing
