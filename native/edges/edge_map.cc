#include "edges/edge_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "frame/error.h"

namespace samwire {
namespace {

struct Map {
  Map(int w, int h)
      : width(w), height(h), cells(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}

  float at(int x, int y) const { return cells[static_cast<std::size_t>(y) * width + x]; }
  float* row(int y) { return cells.data() + static_cast<std::size_t>(y) * width; }
  const float* row(int y) const { return cells.data() + static_cast<std::size_t>(y) * width; }

  int width;
  int height;
  std::vector<float> cells;
};

// An index beyond the ends, mirrored with the end repeated: ... 1 0 | 0 1 2 ...
int mirrored(int i, int n) {
  while (i < 0 || i >= n) i = i < 0 ? -1 - i : 2 * n - 1 - i;
  return i;
}

std::vector<float> triangle(int radius) {
  std::vector<float> weights;
  const auto sum = static_cast<float>((radius + 1) * (radius + 1));
  for (int d = -radius; d <= radius; ++d) {
    weights.push_back(static_cast<float>(radius + 1 - std::abs(d)) / sum);
  }
  return weights;
}

// Separable triangle filter; `in` and `out` may be the same.
void smooth(const float* in, int radius, Map& out) {
  const std::vector<float> weights = triangle(radius);
  const int w = out.width;
  std::vector<float> padded(static_cast<std::size_t>(std::max(w, out.height)) + 2 * radius);
  for (int y = 0; y < out.height; ++y) {
    const float* from = in + static_cast<std::size_t>(y) * w;
    for (int x = -radius; x < w + radius; ++x) padded[x + radius] = from[mirrored(x, w)];
    float* to = out.row(y);
    for (int x = 0; x < w; ++x) {
      float sum = 0;
      for (int k = 0; k <= 2 * radius; ++k) sum += weights[k] * padded[x + k];
      to[x] = sum;
    }
  }
  // Down the columns with the last rows kept, a whole row at a time for the cache's sake.
  std::vector<float> before(static_cast<std::size_t>(radius + 1) * w);
  std::vector<float> sums(w);
  const auto kept = [&](int y) {
    return before.data() + static_cast<std::size_t>(y % (radius + 1)) * w;
  };
  for (int y = 0; y < out.height; ++y) {
    std::copy_n(out.row(y), w, kept(y));
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (int k = -radius; k <= radius; ++k) {
      const int at = mirrored(y + k, out.height);
      const float* from = at <= y ? kept(at) : out.row(at);
      const float weight = weights[k + radius];
      for (int x = 0; x < w; ++x) sums[x] += weight * from[x];
    }
    std::copy(sums.begin(), sums.end(), out.row(y));
  }
}

// First derivatives: central differences, one-sided at the ends.
float slope_x(const Map& m, int x, int y) {
  const int low = std::max(0, x - 1);
  const int high = std::min(m.width - 1, x + 1);
  return high == low ? 0 : (m.at(high, y) - m.at(low, y)) / static_cast<float>(high - low);
}

float slope_y(const Map& m, int x, int y) {
  const int low = std::max(0, y - 1);
  const int high = std::min(m.height - 1, y + 1);
  return high == low ? 0 : (m.at(x, high) - m.at(x, low)) / static_cast<float>(high - low);
}

// The direction across an edge, 0..pi: atan(Oyy * sign(-Oxy) / Oxx) of the smoothed map, as
// Structured Edges' edgesDetect has it.
float direction(const Map& m, int x, int y) {
  const int left = std::max(0, x - 1);
  const int right = std::min(m.width - 1, x + 1);
  const int up = std::max(0, y - 1);
  const int down = std::min(m.height - 1, y + 1);
  const auto dx = static_cast<float>(std::max(1, right - left));
  const auto dy = static_cast<float>(std::max(1, down - up));
  const float oxx = (slope_x(m, right, y) - slope_x(m, left, y)) / dx;
  const float oxy = (slope_x(m, x, down) - slope_x(m, x, up)) / dy;
  const float oyy = (slope_y(m, x, down) - slope_y(m, x, up)) / dy;
  const float signed_oyy = oxy > 0 ? -oyy : oyy;
  const float angle = std::atan(signed_oyy / (oxx + 1e-5F));
  return angle < 0 ? angle + std::numbers::pi_v<float> : angle;
}

float interpolated(const Map& m, float x, float y) {
  x = std::clamp(x, 0.0F, static_cast<float>(m.width - 1));
  y = std::clamp(y, 0.0F, static_cast<float>(m.height - 1));
  const int x0 = std::min(static_cast<int>(x), std::max(0, m.width - 2));
  const int y0 = std::min(static_cast<int>(y), std::max(0, m.height - 2));
  const int x1 = std::min(x0 + 1, m.width - 1);
  const int y1 = std::min(y0 + 1, m.height - 1);
  const float fx = x - static_cast<float>(x0);
  const float fy = y - static_cast<float>(y0);
  return (m.at(x0, y0) * (1 - fx) + m.at(x1, y0) * fx) * (1 - fy) +
         (m.at(x0, y1) * (1 - fx) + m.at(x1, y1) * fx) * fy;
}

bool is_crest(const Map& edges, const Map& smoothed, int x, int y, const EdgeNms& options) {
  const float own = edges.at(x, y) * options.tolerance;
  const float angle = direction(smoothed, x, y);
  const float across_x = std::cos(angle);
  const float across_y = std::sin(angle);
  for (int d = 1; d <= options.radius; ++d) {
    const auto step = static_cast<float>(d);
    for (const float side : {step, -step}) {
      if (own < interpolated(edges, static_cast<float>(x) + side * across_x,
                             static_cast<float>(y) + side * across_y)) {
        return false;
      }
    }
  }
  return true;
}

// 1 inside, falling to 0 at the first and the last pixel.
float fade(int i, int n, int border) {
  const int reach = std::min(border, n / 2);
  const int to_end = std::min(i, n - 1 - i);
  return to_end >= reach ? 1 : static_cast<float>(to_end) / static_cast<float>(reach);
}

void scale_to_one(Map& edges) {
  const auto [low, high] = std::minmax_element(edges.cells.begin(), edges.cells.end());
  const float from = *low;
  const float range = *high - from;
  for (float& cell : edges.cells) cell = range > 0 ? (cell - from) / range : 0;
}

}  // namespace

void finish_edge_map(const float* strength, int width, int height, std::uint8_t* out,
                     const EdgeNms& options) {
  if (width < 1 || height < 1) {
    throw Error("invalid_argument", "Expected an edge map of at least one pixel, got " +
                                        std::to_string(width) + " x " + std::to_string(height) +
                                        ".");
  }
  Map edges(width, height);
  smooth(strength, options.crest_radius, edges);
  scale_to_one(edges);
  Map smoothed(width, height);
  smooth(edges.cells.data(), options.direction_radius, smoothed);
  for (int y = 0; y < height; ++y) {
    const float fade_y = fade(y, height, options.border);
    for (int x = 0; x < width; ++x) {
      std::uint8_t& pixel = out[static_cast<std::size_t>(y) * width + x];
      pixel = 0;
      if (edges.at(x, y) <= 0 || !is_crest(edges, smoothed, x, y, options)) continue;
      const float value = edges.at(x, y) * fade_y * fade(x, width, options.border);
      pixel = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
    }
  }
}

}  // namespace samwire
