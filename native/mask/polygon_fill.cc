#include "mask/polygon_fill.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

constexpr double kFine = 5;  // steps of the fine grid a pixel
constexpr double kMaxCoordinate = 1e6;
constexpr double kMaxOutline = 4e6;  // pixels; its walk takes about a tenth of a second

struct FinePoint {
  int x = 0;
  int y = 0;
};

// Positions (column-major pixel indices) at which a ring switches between outside and inside.
class Crossings {
 public:
  Crossings(int width, int height) : width_(width), height_(height) {}

  // One step of the walk along the outline.
  void step(const FinePoint& from, const FinePoint& to) {
    if (from.x == to.x) return;
    const double column = ((to.x < from.x ? to.x : to.x - 1) + 0.5) / kFine - 0.5;
    if (std::floor(column) != column || column < 0 || column > width_ - 1) return;
    const double row = (std::min(from.y, to.y) + 0.5) / kFine - 0.5;
    const double first = std::ceil(std::clamp(row, 0.0, static_cast<double>(height_)));
    positions_.push_back(static_cast<std::uint32_t>(column) * static_cast<std::uint32_t>(height_) +
                         static_cast<std::uint32_t>(first));
  }

  // Adds the inside intervals [start, end).
  void close(std::vector<std::pair<std::uint32_t, std::uint32_t>>& intervals) {
    const std::uint32_t pixels =
        static_cast<std::uint32_t>(width_) * static_cast<std::uint32_t>(height_);
    if (positions_.size() % 2 != 0) positions_.push_back(pixels);
    std::sort(positions_.begin(), positions_.end());
    for (std::size_t i = 0; i + 1 < positions_.size(); i += 2) {
      if (positions_[i] < positions_[i + 1]) {
        intervals.emplace_back(positions_[i], positions_[i + 1]);
      }
    }
    positions_.clear();
  }

 private:
  int width_;
  int height_;
  std::vector<std::uint32_t> positions_;
};

// Visits the fine points of the segment a -> b, both ends included, one a step of its longer axis.
template <typename Visit>
void walk_segment(FinePoint a, FinePoint b, Visit visit) {
  const int dx = std::abs(b.x - a.x);
  const int dy = std::abs(b.y - a.y);
  const bool by_x = dx >= dy;
  // The points between are computed from the lower end, whichever way the walk goes.
  const bool backwards = by_x ? a.x > b.x : a.y > b.y;
  if (backwards) std::swap(a, b);
  const int steps = by_x ? dx : dy;
  const double slope = steps == 0 ? 0.0
                       : by_x     ? static_cast<double>(b.y - a.y) / steps
                                  : static_cast<double>(b.x - a.x) / steps;
  for (int i = 0; i <= steps; ++i) {
    const int t = backwards ? steps - i : i;
    if (by_x) {
      visit(FinePoint{a.x + t, static_cast<int>(a.y + slope * t + 0.5)});
    } else {
      visit(FinePoint{static_cast<int>(a.x + slope * t + 0.5), a.y + t});
    }
  }
}

void trace(const std::vector<double>& ring, Crossings& crossings) {
  const std::size_t points = ring.size() / 2;
  const auto fine = [&](std::size_t i) {
    return FinePoint{static_cast<int>(kFine * ring[2 * i] + 0.5),
                     static_cast<int>(kFine * ring[2 * i + 1] + 0.5)};
  };
  bool started = false;
  FinePoint before;
  for (std::size_t i = 0; i < points; ++i) {
    walk_segment(fine(i), fine((i + 1) % points), [&](const FinePoint& here) {
      if (started) crossings.step(before, here);
      started = true;
      before = here;
    });
  }
}

void check(std::span<const std::vector<double>> rings) {
  for (const std::vector<double>& ring : rings) {
    const bool whole = ring.size() >= 6 && ring.size() % 2 == 0;
    const bool bounded = std::all_of(ring.begin(), ring.end(), [](double v) {
      return std::isfinite(v) && std::abs(v) <= kMaxCoordinate;
    });
    if (whole && bounded) continue;
    throw Error("invalid_argument",
                "Expected a polygon of three points or more, as x and y within +-1e6; got " +
                    std::to_string(ring.size()) + " numbers.");
  }
  double outline = 0;
  for (const std::vector<double>& ring : rings) {
    for (std::size_t i = 0; i < ring.size(); i += 2) {
      const std::size_t j = (i + 2) % ring.size();
      outline += std::max(std::abs(ring[j] - ring[i]), std::abs(ring[j + 1] - ring[i + 1]));
    }
  }
  if (outline > kMaxOutline) {
    throw Error("invalid_argument",
                "Expected polygons whose outlines are 4000000 pixels long at most, all together.");
  }
}

}  // namespace

MaskResult fill_polygons(std::span<const std::vector<double>> rings, int width, int height) {
  check(rings);
  const std::int64_t all = static_cast<std::int64_t>(width) * height;
  if (width < 1 || height < 1 || width > kMaxMaskSide || height > kMaxMaskSide ||
      all > std::numeric_limits<std::int32_t>::max()) {
    throw Error("invalid_argument", "Expected a mask of 1 to " + std::to_string(kMaxMaskSide) +
                                        " pixels by axis, and 2^31 - 1 in all.");
  }
  const auto pixels = static_cast<std::uint32_t>(all);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> intervals;
  Crossings crossings(width, height);
  for (const std::vector<double>& ring : rings) {
    trace(ring, crossings);
    crossings.close(intervals);
  }
  std::sort(intervals.begin(), intervals.end());
  std::vector<std::uint32_t> counts;
  std::uint32_t end = 0;  // of what is written
  for (const auto& [from, to] : intervals) {
    if (to <= end) continue;
    if (from > end || counts.empty()) {
      counts.push_back(from - end);
      counts.push_back(to - from);
    } else {
      counts.back() += to - end;
    }
    end = to;
  }
  if (end < pixels || counts.empty()) counts.push_back(pixels - end);
  return rle_measure(std::move(counts), height);
}

}  // namespace samwire
