#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/prepare.h"
#include "image/resample.h"
#include "image/view.h"

namespace samwire {
namespace {

using namespace image;

using Rgb = std::array<std::uint8_t, 3>;

int product(int a, int b) { return (a * b + (1 << 14)) >> 15; }

std::uint8_t level(int v) { return static_cast<std::uint8_t>(std::clamp(v, 0, 255)); }

Rgb from_yuv(int y, int u, int v, const YuvFactors& f) {
  const int luma = product((y << 7) - f.y_offset, f.y) + 32;
  const int cu = (u - 128) * 256, cv = (v - 128) * 256;
  return {level((luma + product(cv, f.v_to_r)) >> 6),
          level((luma + product(cu, f.u_to_g) + product(cv, f.v_to_g)) >> 6),
          level((luma + product(cu, f.u_to_b)) >> 6)};
}

Rgb pixel(const ImageView& view, const RowSource& row, int x, const YuvFactors& f) {
  const std::uint8_t* const* p = row.plane;
  switch (view.format) {
    case PixelFormat::kNV12:
      return from_yuv(p[0][x], p[1][x / 2 * 2], p[1][x / 2 * 2 + 1], f);
    case PixelFormat::kI420:
      return from_yuv(p[0][x], p[1][x / 2], p[2][x / 2], f);
    case PixelFormat::kYUY2:
      return from_yuv(p[0][2 * x], p[0][x / 2 * 4 + 1], p[0][x / 2 * 4 + 3], f);
    case PixelFormat::kBGRx:
      return {p[0][4 * x + 2], p[0][4 * x + 1], p[0][4 * x]};
    case PixelFormat::kRGBx:
      return {p[0][4 * x], p[0][4 * x + 1], p[0][4 * x + 2]};
    case PixelFormat::kRGB:
      return {p[0][3 * x], p[0][3 * x + 1], p[0][3 * x + 2]};
    case PixelFormat::kBGR:
      return {p[0][3 * x + 2], p[0][3 * x + 1], p[0][3 * x]};
    case PixelFormat::kGray8:
    case PixelFormat::kGray16LE:  // refused by check_view
    case PixelFormat::kGray16BE:
      break;
  }
  return {p[0][x], p[0][x], p[0][x]};
}

std::vector<int> plane_of(const ImageView& view, int colour) {
  const YuvFactors yuv = yuv_factors(view.matrix, view.range);
  std::vector<int> plane;
  plane.reserve(static_cast<std::size_t>(view.width) * view.height);
  for (int y = 0; y < view.height; ++y) {
    const RowSource row = row_source(view, y);
    for (int x = 0; x < view.width; ++x) plane.push_back(pixel(view, row, x, yuv)[colour]);
  }
  return plane;
}

// One pass over `lines` rows (across) or columns.
std::vector<int> pass(const std::vector<int>& in, const AxisWeights& axis, int lines, bool across,
                      int shift, int low, int high) {
  std::vector<int> out(static_cast<std::size_t>(axis.out) * lines);
  for (int line = 0; line < lines; ++line) {
    for (int o = 0; o < axis.out; ++o) {
      int sum = 1 << (shift - 1);
      for (int k = 0; k < axis.taps; ++k) {
        const std::size_t i = axis.start[o] + k;
        const int value =
            across ? in[static_cast<std::size_t>(line) * axis.in + i] : in[i * lines + line];
        sum += value * axis.weight[static_cast<std::size_t>(o) * axis.taps + k];
      }
      const std::size_t at = across ? static_cast<std::size_t>(line) * axis.out + o
                                    : static_cast<std::size_t>(o) * lines + line;
      out[at] = std::clamp(sum >> shift, low, high);
    }
  }
  return out;
}

}  // namespace

Placement prepare_reference(const ImageView& view, const ImageSpec& spec, float* out) {
  check_view(view);
  const Placement p = place(spec, view.width, view.height);
  const Intermediate between = intermediate(spec.filter);
  const AxisWeights across =
      axis_weights(spec.filter, view.width, p.width, between.max_precision_horizontal);
  const AxisWeights down =
      axis_weights(spec.filter, view.height, p.height, between.max_precision_vertical);
  for (int c = 0; c < 3; ++c) {
    const std::vector<int> source = plane_of(view, spec.channels == Channels::kRGB ? c : 2 - c);
    const std::vector<int> narrow =
        pass(source, across, view.height, true, across.precision - between.fraction, between.low,
             between.high);
    const std::vector<int> levels = pass(narrow, down, p.width, false,
                                         down.precision + between.fraction - between.level_fraction,
                                         0, 255 << between.level_fraction);
    const float level_unit = 1 / static_cast<float>(1 << between.level_fraction);
    const auto normalised = [&](float v) { return (v * spec.scale - spec.mean[c]) / spec.std[c]; };
    for (int y = 0; y < p.tensor_height; ++y) {
      for (int x = 0; x < p.tensor_width; ++x) {
        const bool inside = y >= p.y && y < p.y + p.height && x >= p.x && x < p.x + p.width;
        const std::size_t at = static_cast<std::size_t>(y - p.y) * p.width + (x - p.x);
        *out++ = inside ? normalised(static_cast<float>(levels[at]) * level_unit)
                        : (spec.pad_after_normalise ? 0.0F : normalised(spec.pad_level));
      }
    }
  }
  return p;
}

}  // namespace samwire
