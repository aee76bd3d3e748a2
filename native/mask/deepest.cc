#include "mask/deepest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "mask/rle.h"

namespace samwire {
namespace {

// Distances down the columns of the mask's box, with one row and column of outside round it.
class ColumnDistances {
 public:
  ColumnDistances(std::span<const std::uint32_t> counts, const MaskResult& mask, int height)
      : width_(mask.box[2] - mask.box[0] + 2),
        rows_(mask.box[3] - mask.box[1]),
        cells_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(rows_)) {
    for_each_column_run(counts, height, [&](int x, int y0, int y1) {
      // Runs are cut at column borders, so each ends at a pixel outside or at the picture's edge.
      for (int y = y0; y < y1; ++y) {
        at(x - mask.box[0] + 1, y - mask.box[1]) = std::min(y - y0 + 1, y1 - y);
      }
    });
  }

  int width() const { return width_; }
  int rows() const { return rows_; }
  int* row(int y) { return cells_.data() + static_cast<std::size_t>(y) * width_; }

 private:
  int& at(int x, int y) { return row(y)[x]; }

  int width_;
  int rows_;
  std::vector<int> cells_;
};

// The lower envelope of the parabolas (x - i)^2 + g(i)^2 along one row, in integers: the row scan
// of Meijster, Roerdink and Hesselink, "A general algorithm for computing distance transforms in
// linear time" (2000).
class Envelope {
 public:
  explicit Envelope(int width) : apex_(width), start_(width) {}

  void build(const int* g, int width) {
    g_ = g;
    top_ = 0;
    apex_[0] = 0;
    start_[0] = 0;
    for (int u = 1; u < width; ++u) {
      while (top_ >= 0 && value(start_[top_], apex_[top_]) > value(start_[top_], u)) --top_;
      if (top_ < 0) {
        top_ = 0;
        apex_[0] = u;
        start_[0] = 0;
        continue;
      }
      const std::int64_t from = 1 + meet(apex_[top_], u);
      if (from >= width) continue;
      ++top_;
      apex_[top_] = u;
      start_[top_] = static_cast<int>(from);
    }
  }

  // visit(x, squared distance), from right to left.
  template <typename Visit>
  void for_each(int width, Visit visit) {
    int q = top_;
    for (int x = width - 1; x >= 0; --x) {
      visit(x, value(x, apex_[q]));
      if (x == start_[q]) --q;
    }
  }

 private:
  std::int64_t value(int x, int i) const {
    const std::int64_t dx = x - i;
    const std::int64_t g = g_[i];
    return dx * dx + g * g;
  }
  // The last x at which the parabola of `i` is not above that of `u`, i < u.
  std::int64_t meet(int i, int u) const {
    const std::int64_t gi = g_[i];
    const std::int64_t gu = g_[u];
    const std::int64_t above =
        static_cast<std::int64_t>(u) * u - static_cast<std::int64_t>(i) * i + gu * gu - gi * gi;
    const std::int64_t below = 2 * (static_cast<std::int64_t>(u) - i);
    return above >= 0 ? above / below : -((-above + below - 1) / below);
  }

  const int* g_ = nullptr;
  int top_ = 0;
  std::vector<int> apex_;
  std::vector<int> start_;
};

}  // namespace

std::optional<DeepPixel> deepest_pixel(std::span<const std::uint32_t> counts, int height) {
  const MaskResult mask = rle_measure({counts.begin(), counts.end()}, height);
  if (mask.area == 0) return std::nullopt;
  ColumnDistances columns(counts, mask, height);
  Envelope envelope(columns.width());
  DeepPixel best;
  for (int y = 0; y < columns.rows(); ++y) {
    envelope.build(columns.row(y), columns.width());
    DeepPixel row_best;
    envelope.for_each(columns.width(), [&](int x, std::int64_t distance) {
      // From right to left, so the last of equals is the leftmost.
      if (distance >= row_best.distance_squared) {
        row_best = {x - 1 + mask.box[0], y + mask.box[1], distance};
      }
    });
    if (row_best.distance_squared > best.distance_squared) best = row_best;
  }
  return best;
}

}  // namespace samwire
