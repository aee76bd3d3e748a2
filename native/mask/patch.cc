#include "mask/patch.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "frame/error.h"
#include "image/view.h"
#include "mask/rle.h"

namespace samwire {
namespace {

constexpr double kMostSide = 1 << 20;
// Pixels that are read along one side of a cell.
constexpr int kMostReads = 3;
// The frame is looked at in cells of the guess, over twice its sides.
constexpr int kGridSide = 2 * kPatchSide;
constexpr int kLevels = 3;
// Steps at each level at most, the finest first: they cost four times as much from level to level.
constexpr std::array<int, kLevels> kSteps{4, 6, 12};
// Steps smaller than this, in cells, are none.
constexpr double kSettled = 0.02;
// Of a patch's weight has to be in the frame.
constexpr double kLeastShown = 0.4;
constexpr double kMostScale = 1.6;
constexpr float kNowhere = std::numeric_limits<float>::quiet_NaN();

class LumaReader {
 public:
  explicit LumaReader(const ImageView& view) : view_(view) { image::check_view(view); }

  float at(int x, int y) const {
    const std::uint8_t* line =
        view_.planes[0].data + static_cast<std::ptrdiff_t>(y) * view_.planes[0].stride;
    switch (view_.format) {
      case PixelFormat::kYUY2:
        return line[static_cast<std::ptrdiff_t>(x) * 2];
      case PixelFormat::kBGRx:
        return weighed(line + static_cast<std::ptrdiff_t>(x) * 4, 2, 0);
      case PixelFormat::kBGR:
        return weighed(line + static_cast<std::ptrdiff_t>(x) * 3, 2, 0);
      case PixelFormat::kRGBx:
        return weighed(line + static_cast<std::ptrdiff_t>(x) * 4, 0, 2);
      case PixelFormat::kRGB:
        return weighed(line + static_cast<std::ptrdiff_t>(x) * 3, 0, 2);
      default:  // planes of luma; 16 bits are refused by check_view
        return line[x];
    }
  }

  // Mean of a cell; NaN where its middle is beyond the frame.
  float cell(double x1, double y1, double width, double height) const {
    const double x = x1 + width / 2, y = y1 + height / 2;
    if (!(x >= 0 && y >= 0 && x < view_.width && y < view_.height)) return kNowhere;
    if (width < 2 && height < 2) return between(x - 0.5, y - 0.5);
    const int across = std::clamp(static_cast<int>(std::lround(width / 1.5)), 1, kMostReads);
    const int down = std::clamp(static_cast<int>(std::lround(height / 1.5)), 1, kMostReads);
    float sum = 0;
    for (int j = 0; j < down; ++j) {
      const int row = within(y1 + (j + 0.5) * height / down, view_.height);
      for (int i = 0; i < across; ++i) {
        sum += at(within(x1 + (i + 0.5) * width / across, view_.width), row);
      }
    }
    return sum / static_cast<float>(across * down);
  }

 private:
  static float weighed(const std::uint8_t* p, int red, int blue) {
    return 0.299F * p[red] + 0.587F * p[1] + 0.114F * p[blue];
  }

  static int within(double value, int side) {
    return std::clamp(static_cast<int>(std::floor(value)), 0, side - 1);
  }

  float between(double x, double y) const {
    const int left = within(x, view_.width), top = within(y, view_.height);
    const int right = std::min(view_.width - 1, left + 1);
    const int bottom = std::min(view_.height - 1, top + 1);
    const auto fx = static_cast<float>(std::clamp(x - left, 0.0, 1.0));
    const auto fy = static_cast<float>(std::clamp(y - top, 0.0, 1.0));
    return (at(left, top) * (1 - fx) + at(right, top) * fx) * (1 - fy) +
           (at(left, bottom) * (1 - fx) + at(right, bottom) * fx) * fy;
  }

  const ImageView& view_;
};

void check_box(const PatchBox& box) {
  for (const double value : box) {
    if (!(std::abs(value) <= kMostSide)) {
      throw Error("invalid_argument", "Expected the box of a patch to have finite edges");
    }
  }
  if (!(box[2] - box[0] >= 1e-3 && box[3] - box[1] >= 1e-3)) {
    throw Error("invalid_argument", "Expected the box of a patch to have an area");
  }
}

// A square of cells; those of the frame that are beyond it are NaN.
struct Cells {
  int side = 0;
  std::vector<float> value;

  float at(int x, int y) const { return value[static_cast<std::size_t>(y) * side + x]; }

  // Half as many each way; NaN where one of the four is.
  Cells halved() const {
    Cells half{side / 2, std::vector<float>(value.size() / 4)};
    for (int y = 0; y < half.side; ++y) {
      for (int x = 0; x < half.side; ++x) {
        half.value[static_cast<std::size_t>(y) * half.side + x] =
            (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) +
             at(2 * x + 1, 2 * y + 1)) /
            4;
      }
    }
    return half;
  }

  // Between the middles of cells, of which the first is at 0; NaN beyond them.
  float between(double x, double y) const {
    if (!(x >= 0 && y >= 0 && x < side - 1 && y < side - 1)) return kNowhere;
    const int left = static_cast<int>(x), top = static_cast<int>(y);
    const auto fx = static_cast<float>(x - left), fy = static_cast<float>(y - top);
    return (at(left, top) * (1 - fx) + at(left + 1, top) * fx) * (1 - fy) +
           (at(left, top + 1) * (1 - fx) + at(left + 1, top + 1) * fx) * fy;
  }
};

// Of a point of the patch, in cells from its middle, the place in the frame: scale * point + (x,
// y).
struct Warp {
  double scale = 1, x = 0, y = 0;
};

// One level of one patch: brightness of mean 0 and variance 1 over the weights, and its slopes.
class Template {
 public:
  Template(const Cells& luma, const Cells& weight) : side_(luma.side) {
    for (int y = 0; y < side_; ++y) {
      for (int x = 0; x < side_; ++x) {
        const float w = weight.at(x, y);
        if (!(w > 0.05F)) continue;
        const auto slope = [&](int left, int top, int right, int bottom) {
          const float low = luma.at(std::max(0, left), std::max(0, top));
          const float high = luma.at(std::min(side_ - 1, right), std::min(side_ - 1, bottom));
          return (high - low) / 2;
        };
        points_.push_back({x - (side_ - 1) / 2.0, y - (side_ - 1) / 2.0, w, luma.at(x, y),
                           slope(x - 1, y, x + 1, y), slope(x, y - 1, x, y + 1)});
        total_ += w;
      }
    }
  }

  // One step of the warp towards what `grid` shows. False when there is nothing to go by.
  bool step(const Cells& grid, Warp& warp, double& moved) {
    double mean = 0, spread = 0, own_mean = 0, own_spread = 0;
    if (!look(grid, warp, mean, spread, own_mean, own_spread)) return false;
    double h[3][3] = {}, b[3] = {};
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point& p = points_[i];
      if (std::isnan(shown_[i])) continue;
      const double j[3] = {p.slope_x / own_spread, p.slope_y / own_spread,
                           (p.slope_x * p.x + p.slope_y * p.y) / own_spread};
      const double error = (shown_[i] - mean) / spread - (p.luma - own_mean) / own_spread;
      for (int r = 0; r < 3; ++r) {
        b[r] += p.weight * j[r] * error;
        for (int c = r; c < 3; ++c) h[r][c] += p.weight * j[r] * j[c];
      }
    }
    h[1][0] = h[0][1];
    h[2][0] = h[0][2];
    h[2][1] = h[1][2];
    double d[3];
    if (!solve(h, b, d)) return false;
    const double grown = std::clamp(1 + d[2], 0.8, 1.25);
    warp.x -= warp.scale * d[0] / grown;
    warp.y -= warp.scale * d[1] / grown;
    warp.scale /= grown;
    moved = std::abs(d[0]) + std::abs(d[1]) + std::abs(d[2]) * side_ / 2;
    return std::abs(std::log(warp.scale)) < std::log(kMostScale) &&
           std::max(std::abs(warp.x), std::abs(warp.y)) < side_ / 2.0;
  }

  double likeness(const Cells& grid, const Warp& warp) {
    double mean = 0, spread = 0, own_mean = 0, own_spread = 0;
    if (!look(grid, warp, mean, spread, own_mean, own_spread)) return 0;
    double sum = 0, weight = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point& p = points_[i];
      if (std::isnan(shown_[i])) continue;
      sum += p.weight * (shown_[i] - mean) * (p.luma - own_mean);
      weight += p.weight;
    }
    return sum / (weight * spread * own_spread);
  }

 private:
  struct Point {
    double x, y;
    float weight, luma, slope_x, slope_y;
  };

  bool look(const Cells& grid, const Warp& warp, double& mean, double& spread, double& own_mean,
            double& own_spread) {
    const double middle = (grid.side - 1) / 2.0;
    shown_.resize(points_.size());
    double weight = 0, sum = 0, squares = 0, own = 0, own_squares = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point& p = points_[i];
      const float value =
          grid.between(middle + warp.x + warp.scale * p.x, middle + warp.y + warp.scale * p.y);
      shown_[i] = value;
      if (std::isnan(value)) continue;
      weight += p.weight;
      sum += p.weight * value;
      squares += p.weight * value * value;
      own += p.weight * p.luma;
      own_squares += p.weight * p.luma * p.luma;
    }
    if (!(weight > kLeastShown * total_)) return false;
    mean = sum / weight;
    own_mean = own / weight;
    spread = std::sqrt(std::max(0.0, squares / weight - mean * mean));
    own_spread = std::sqrt(std::max(0.0, own_squares / weight - own_mean * own_mean));
    return spread > 1 && own_spread > 1;
  }

  // Cramer's rule; false where the patch has no structure that way.
  static bool solve(const double (&h)[3][3], const double (&b)[3], double (&d)[3]) {
    const auto det = [](const double(&m)[3][3]) {
      return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
             m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
             m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
    };
    const double all = det(h);
    if (!(all > 1e-3 * h[0][0] * h[1][1] * h[2][2])) return false;
    for (int k = 0; k < 3; ++k) {
      double m[3][3];
      for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) m[r][c] = c == k ? b[r] : h[r][c];
      }
      d[k] = det(m) / all;
    }
    return true;
  }

  int side_;
  double total_ = 0;
  std::vector<Point> points_;
  std::vector<float> shown_;
};

Cells cells_of(const std::array<float, kPatchCells>& values) {
  return {kPatchSide, {values.begin(), values.end()}};
}

// From coarse to fine. The warp is in cells of the finest level.
double fit(const std::array<Cells, kLevels>& grids, const Patch& patch, Warp& warp) {
  std::array<Cells, kLevels> luma, weight;
  luma[0] = cells_of(patch.luma);
  weight[0] = cells_of(patch.weight);
  for (int level = 1; level < kLevels; ++level) {
    luma[level] = luma[level - 1].halved();
    weight[level] = weight[level - 1].halved();
  }
  double likeness = 0;
  for (int level = kLevels - 1; level >= 0; --level) {
    const double cell = 1 << level;
    Template shape(luma[level], weight[level]);
    Warp here{warp.scale, warp.x / cell, warp.y / cell};
    for (int i = 0; i < kSteps[level]; ++i) {
      double moved = 0;
      if (!shape.step(grids[level], here, moved)) return 0;
      if (moved < kSettled) break;
    }
    warp = {here.scale, here.x * cell, here.y * cell};
    if (level == 0) likeness = shape.likeness(grids[level], here);
  }
  return likeness;
}

}  // namespace

Patch sample_patch(const ImageView& view, std::span<const std::uint32_t> counts,
                   const PatchBox& box) {
  const LumaReader reader(view);
  check_box(box);
  const double width = (box[2] - box[0]) / kPatchSide, height = (box[3] - box[1]) / kPatchSide;
  std::array<float, kPatchCells> mask{};
  const auto cell_at = [](double place, double size) {
    return static_cast<int>(std::floor(place / size));
  };
  for_each_column_run(counts, view.height, [&](int x, int from, int to) {
    const int first_x = std::max(0, cell_at(x - box[0], width));
    const int last_x = std::min(kPatchSide - 1, cell_at(x + 1 - box[0], width));
    const int first_y = std::max(0, cell_at(from - box[1], height));
    const int last_y = std::min(kPatchSide - 1, cell_at(to - box[1], height));
    for (int i = first_x; i <= last_x; ++i) {
      for (int j = first_y; j <= last_y; ++j) mask[j * kPatchSide + i] = 1;
    }
  });
  Patch patch;
  for (int j = 0; j < kPatchSide; ++j) {
    for (int i = 0; i < kPatchSide; ++i) {
      const float luma = reader.cell(box[0] + i * width, box[1] + j * height, width, height);
      if (std::isnan(luma)) continue;
      float weight = 0;
      for (int y = std::max(0, j - 1); y <= std::min(kPatchSide - 1, j + 1); ++y) {
        for (int x = std::max(0, i - 1); x <= std::min(kPatchSide - 1, i + 1); ++x) {
          weight = std::max(weight, mask[y * kPatchSide + x]);
        }
      }
      patch.luma[j * kPatchSide + i] = luma;
      patch.weight[j * kPatchSide + i] = weight;
    }
  }
  return patch;
}

std::vector<Registration> register_patches(const ImageView& view, std::span<const Patch> patches,
                                           const PatchBox& guess) {
  const LumaReader reader(view);
  check_box(guess);
  const double width = (guess[2] - guess[0]) / kPatchSide;
  const double height = (guess[3] - guess[1]) / kPatchSide;
  const double x = (guess[0] + guess[2]) / 2, y = (guess[1] + guess[3]) / 2;
  std::array<Cells, kLevels> grids;
  grids[0] = {kGridSide, std::vector<float>(kGridSide * kGridSide)};
  for (int j = 0; j < kGridSide; ++j) {
    for (int i = 0; i < kGridSide; ++i) {
      grids[0].value[static_cast<std::size_t>(j) * kGridSide + i] =
          reader.cell(x + (i - kPatchSide) * width, y + (j - kPatchSide) * height, width, height);
    }
  }
  for (int level = 1; level < kLevels; ++level) grids[level] = grids[level - 1].halved();
  std::vector<Registration> found;
  Warp start;
  for (const Patch& patch : patches) {
    Warp warp = start;
    const double likeness = fit(grids, patch, warp);
    const double half_x = warp.scale * width * kPatchSide / 2;
    const double half_y = warp.scale * height * kPatchSide / 2;
    const double to_x = x + warp.x * width, to_y = y + warp.y * height;
    found.push_back({{to_x - half_x, to_y - half_y, to_x + half_x, to_y + half_y}, likeness});
    if (likeness > 0) start = warp;
  }
  return found;
}

}  // namespace samwire
