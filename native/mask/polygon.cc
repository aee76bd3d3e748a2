#include "mask/polygon.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

// A maximal vertical run of one mask column. Regions are joined over columns by union-find on
// `parent`.
struct Interval {
  int y0;
  int y1;
};

// A corner of the contour, in a circular list; `interval` is the mask run whose corner it is.
struct Corner {
  int x;
  int y;
  int next;
  int interval;
};

// The end of an interval, seen at a column border: its top (the contour runs in +x there, so that
// the mask is to the right) or its bottom (-x).
struct End {
  int y;
  bool top;
  int interval;
  int corner;  // where the horizontal edge through this end begins on the left
};

// Sweeps over column borders. At each, the ends of the runs on the left meet those on the right;
// equal ends continue straight, all others are corners, paired up by the vertical edges between
// them.
class ContourSweep {
 public:
  ContourSweep(std::span<const std::uint32_t> counts, int height) {
    for_each_column_run(counts, height, [&](int x, int y0, int y1) {
      if (x != column_) next_column(x);
      add_run(y0, y1);
    });
    next_column(column_ + 2);
  }

  std::vector<Polygon> polygons(double tolerance_px);

 private:
  void add_run(int y0, int y1) {
    const auto interval = static_cast<int>(intervals_.size());
    intervals_.push_back({y0, y1});
    parent_.push_back(interval);
    right_.push_back({y0, true, interval, -1});
    right_.push_back({y1, false, interval, -1});
  }

  // The runs of column_ are complete; `x` is the next column that has any.
  void next_column(int x) {
    join_columns();
    cross_border(column_);
    left_.swap(right_);
    right_.clear();
    if (x != column_ + 1) {
      cross_border(column_ + 1);
      left_.clear();
    }
    column_ = x;
  }

  void join_columns();
  void cross_border(int x);
  void straight_or_saddle(int x, const End& left, End& right, bool inside_left);
  int add_corner(int x, const End& end);
  void link_left(int corner, const End& left);
  void link_vertical(int corner, bool inside_left);
  int root(int interval);

  int column_ = 0;
  std::vector<Interval> intervals_;
  std::vector<int> parent_;
  std::vector<Corner> corners_;
  std::vector<End> left_;
  std::vector<End> right_;
  int open_ =
      -1;  // the corner where the current vertical edge begins, above; -1 where there is none
};

int ContourSweep::root(int interval) {
  while (parent_[interval] != interval) {
    parent_[interval] = parent_[parent_[interval]];
    interval = parent_[interval];
  }
  return interval;
}

// Runs of neighbouring columns that share a pixel edge are one region.
void ContourSweep::join_columns() {
  for (std::size_t l = 0, r = 0; l < left_.size() && r < right_.size();) {
    const int a = left_[l].interval;
    const int b = right_[r].interval;
    if (std::max(intervals_[a].y0, intervals_[b].y0) <
        std::min(intervals_[a].y1, intervals_[b].y1)) {
      const int from = root(a);
      const int to = root(b);
      parent_[std::max(from, to)] = std::min(from, to);
    }
    if (intervals_[a].y1 < intervals_[b].y1) {
      l += 2;
    } else {
      r += 2;
    }
  }
}

int ContourSweep::add_corner(int x, const End& end) {
  corners_.push_back({x, end.y, -1, end.interval});
  return static_cast<int>(corners_.size()) - 1;
}

void ContourSweep::link_left(int corner, const End& left) {
  if (left.top) {
    corners_[left.corner].next = corner;
  } else {
    corners_[corner].next = left.corner;
  }
}

// Ends the vertical edge that is open, or opens one. `inside_left`: the left column's pixel above
// is inside; then an edge that ends here runs downwards, else upwards.
void ContourSweep::link_vertical(int corner, bool inside_left) {
  if (open_ < 0) {
    open_ = corner;
    return;
  }
  if (inside_left) {
    corners_[open_].next = corner;
  } else {
    corners_[corner].next = open_;
  }
  open_ = -1;
}

// Both columns have an end here. `inside_left`: the left column's pixel above is inside.
void ContourSweep::straight_or_saddle(int x, const End& left, End& right, bool inside_left) {
  if (left.top == right.top) {
    right.corner = left.corner;
    return;
  }
  // Two pixels meet at this corner; each keeps its own. The left one is above when its end is a
  // bottom.
  const int left_corner = add_corner(x, left);
  const int right_corner = add_corner(x, right);
  link_left(left_corner, left);
  right.corner = right_corner;
  link_vertical(inside_left ? left_corner : right_corner, inside_left);
  link_vertical(inside_left ? right_corner : left_corner, inside_left);
}

void ContourSweep::cross_border(int x) {
  bool inside_left = false;
  for (std::size_t l = 0, r = 0; l < left_.size() || r < right_.size();) {
    const bool has_left = l < left_.size() && (r >= right_.size() || left_[l].y <= right_[r].y);
    const bool has_right = r < right_.size() && (l >= left_.size() || right_[r].y <= left_[l].y);
    if (has_left && has_right) {
      straight_or_saddle(x, left_[l], right_[r], inside_left);
    } else {
      const int corner = add_corner(x, has_left ? left_[l] : right_[r]);
      if (has_left) link_left(corner, left_[l]);
      if (has_right) right_[r].corner = corner;
      link_vertical(corner, inside_left);
    }
    if (has_left) inside_left = left_[l++].top;
    if (has_right) ++r;
  }
}

double signed_area(const std::vector<std::int32_t>& ring) {
  double twice = 0;
  for (std::size_t i = 0; i < ring.size(); i += 2) {
    const std::size_t j = i + 2 < ring.size() ? i + 2 : 0;
    twice +=
        static_cast<double>(ring[i]) * ring[j + 1] - static_cast<double>(ring[j]) * ring[i + 1];
  }
  return twice / 2;
}

std::vector<Polygon> ContourSweep::polygons(double tolerance_px) {
  std::vector<Polygon> polygons;
  std::vector<int> polygon_of(intervals_.size(), -1);
  std::vector<bool> seen(corners_.size());
  for (std::size_t start = 0; start < corners_.size(); ++start) {
    if (seen[start]) continue;
    std::vector<std::int32_t> ring;
    for (auto c = static_cast<int>(start); !seen[c]; c = corners_[c].next) {
      seen[c] = true;
      ring.push_back(corners_[c].x);
      ring.push_back(corners_[c].y);
    }
    // A region's outer ring holds its leftmost corner, so it comes before the region's holes.
    int& polygon = polygon_of[root(corners_[start].interval)];
    const bool outer = signed_area(ring) > 0;
    if (tolerance_px > 0) {
      std::vector<std::int32_t> simple = simplify_ring(ring, tolerance_px, outer);
      if (!outer && (simple.size() < 6 || signed_area(simple) >= 0)) continue;
      ring = std::move(simple);
    }
    if (outer) {
      polygon = static_cast<int>(polygons.size());
      polygons.push_back({std::move(ring), {}});
    } else {
      polygons[polygon].holes.push_back(std::move(ring));
    }
  }
  return polygons;
}

}  // namespace

std::vector<Polygon> rle_to_polygons(std::span<const std::uint32_t> counts, int width, int height,
                                     double tolerance_px) {
  if (!std::isfinite(tolerance_px) || tolerance_px < 0) {
    throw Error("invalid_argument", "Expected a tolerance of 0 or more pixels");
  }
  std::uint64_t sum = 0;
  for (const std::uint32_t count : counts) sum += count;
  if (width < 1 || height < 1 || sum != static_cast<std::uint64_t>(width) * height) {
    throw Error("invalid_argument", "Expected runs that sum to " + std::to_string(width) + " x " +
                                        std::to_string(height) + " pixels; got " +
                                        std::to_string(sum));
  }
  return ContourSweep(counts, height).polygons(tolerance_px);
}

}  // namespace samwire
