#include "edges/soft_edges.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace samwire {
namespace {

constexpr float kFar = 1e8F;

// Of a grid cell, with what MaskExtractor does to NaN and to values beyond its range.
float cell_value(float logit) {
  if (std::isnan(logit)) return -kFar;
  return std::clamp(logit, -kFar, kFar);
}

// Output pixels whose taps touch the knots [first, last]: [begin, end).
void touching(const AxisSampling& axis, int first, int last, int& begin, int& end) {
  const auto& taps = axis.taps;
  const auto from = std::find_if(taps.begin(), taps.end(),
                                 [&](const AxisTap& tap) { return tap.start + tap.count > first; });
  const auto to =
      std::find_if(from, taps.end(), [&](const AxisTap& tap) { return tap.start > last; });
  begin = static_cast<int>(from - taps.begin());
  end = static_cast<int>(to - taps.begin());
}

}  // namespace

// The frame's part in which a boundary can lie: [x0, x1) x [y0, y1).
struct SoftEdges::Window {
  int x0 = 0;
  int x1 = 0;
  int y0 = 0;
  int y1 = 0;
};

SoftEdges::SoftEdges(const MaskSpec& spec) : spec_(spec) {
  check_mask_spec(spec);
  sampling_ = sample_frame(spec);
  knot_row_.resize(sampling_.x.knots.size());
  for (int i = 0; i < 3; ++i) {
    values_[i].resize(static_cast<std::size_t>(spec.frame_width) + 2);
    inside_[i].resize(static_cast<std::size_t>(spec.frame_width) + 2);
  }
}

// Weights are convex: pixels that touch no knot inside of the mask are outside of it.
bool SoftEdges::find_window(const float* logits, Window& window) const {
  const auto& columns = sampling_.x.knots;
  const auto& rows = sampling_.y.knots;
  int left = static_cast<int>(columns.size());
  int right = -1;
  int top = -1;
  int bottom = -1;
  for (int r = 0; r < static_cast<int>(rows.size()); ++r) {
    const float* row = logits + static_cast<std::size_t>(rows[r]) * spec_.grid_width;
    for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
      if (!(row[columns[c]] >= spec_.threshold)) continue;
      if (top < 0) top = r;
      bottom = r;
      left = std::min(left, c);
      right = std::max(right, c);
    }
  }
  if (top < 0) return false;
  touching(sampling_.x, left, right, window.x0, window.x1);
  touching(sampling_.y, top, bottom, window.y0, window.y1);
  // A boundary pixel may lie outside of the mask, next to it.
  window.x0 = std::max(0, window.x0 - 1);
  window.y0 = std::max(0, window.y0 - 1);
  window.x1 = std::min(spec_.frame_width, window.x1 + 1);
  window.y1 = std::min(spec_.frame_height, window.y1 + 1);
  return true;
}

// Row `y` of the frame, its columns x0 - 1 to x1, at the places x + 1 of the buffers.
void SoftEdges::fill_row(const float* logits, const Window& window, int y, float* values,
                         std::uint8_t* inside) {
  const AxisTap& vertical = sampling_.y.taps[y];
  const int first = std::max(0, window.x0 - 1);
  const int last = std::min(spec_.frame_width - 1, window.x1);
  const auto& columns = sampling_.x.knots;
  const AxisTap& last_tap = sampling_.x.taps[last];
  for (int c = sampling_.x.taps[first].start; c < last_tap.start + last_tap.count; ++c) {
    float sum = 0;
    for (int k = 0; k < vertical.count; ++k) {
      const int row = sampling_.y.knots[vertical.start + k];
      sum += vertical.weight[k] *
             cell_value(logits[static_cast<std::size_t>(row) * spec_.grid_width + columns[c]]);
    }
    knot_row_[c] = sum;
  }
  for (int x = first; x <= last; ++x) {
    const AxisTap& tap = sampling_.x.taps[x];
    float sum = 0;
    for (int k = 0; k < tap.count; ++k) sum += tap.weight[k] * knot_row_[tap.start + k];
    values[x + 1] = sum;
    inside[x + 1] = spec_.inclusive ? sum >= spec_.threshold : sum > spec_.threshold;
  }
  if (window.x0 == 0) {
    values[0] = values[1];
    inside[0] = inside[1];
  }
  if (window.x1 == spec_.frame_width) {
    values[spec_.frame_width + 1] = values[spec_.frame_width];
    inside[spec_.frame_width + 1] = inside[spec_.frame_width];
  }
}

void SoftEdges::raise_row(const Window& window, float* strength) const {
  const auto column = [&](int x) {
    return inside_[0][x + 1] + inside_[1][x + 1] + inside_[2][x + 1];
  };
  const auto probability = [&](int row, int x) {
    return 1 / (1 + std::exp(spec_.threshold - values_[row][x + 1]));
  };
  for (int x = window.x0; x < window.x1; ++x) {
    const int count = column(x - 1) + column(x) + column(x + 1);
    if (count == 0 || count == 9) continue;
    float p[3][3];
    for (int row = 0; row < 3; ++row) {
      for (int i = 0; i < 3; ++i) p[row][i] = probability(row, x + i - 1);
    }
    const float gx = (p[0][2] - p[0][0]) + 2 * (p[1][2] - p[1][0]) + (p[2][2] - p[2][0]);
    const float gy = (p[2][0] - p[0][0]) + 2 * (p[2][1] - p[0][1]) + (p[2][2] - p[0][2]);
    strength[x] = std::max(strength[x], std::sqrt(gx * gx + gy * gy) / 4);
  }
}

void SoftEdges::add(const float* logits, float* strength) {
  Window window;
  if (!find_window(logits, window)) return;
  const auto load = [&](int slot, int y) {
    fill_row(logits, window, std::clamp(y, 0, spec_.frame_height - 1), values_[slot].data(),
             inside_[slot].data());
  };
  load(1, window.y0 - 1);
  load(2, window.y0);
  for (int y = window.y0; y < window.y1; ++y) {
    std::swap(values_[0], values_[1]);
    std::swap(values_[1], values_[2]);
    std::swap(inside_[0], inside_[1]);
    std::swap(inside_[1], inside_[2]);
    load(2, y + 1);
    raise_row(window, strength + static_cast<std::size_t>(y) * spec_.frame_width);
  }
}

}  // namespace samwire
