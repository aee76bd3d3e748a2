#include "edges/match.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>

#include "frame/error.h"

namespace samwire {
namespace {

// The benchmark's multiplier of distances, and its outlierCost.
constexpr double kCostPerPixel = 100;
constexpr double kAloneCost = 100;
constexpr int kNone = -1;

}  // namespace

BoundaryMatcher::BoundaryMatcher(int width, int height, double max_distance)
    : width_(width), height_(height) {
  if (width < 1 || height < 1 ||
      static_cast<std::int64_t>(width) * height > std::numeric_limits<std::int32_t>::max()) {
    throw Error("invalid_argument", "Expected boundary maps of 1 to 2^31 - 1 pixels, got " +
                                        std::to_string(width) + " x " + std::to_string(height) +
                                        ".");
  }
  if (!(max_distance >= 0 && max_distance <= 1000)) {
    throw Error("invalid_argument", "Expected a distance of 0 to 1000 pixels, got " +
                                        std::to_string(max_distance) + ".");
  }
  alone_cost_ = static_cast<int>(std::ceil(kAloneCost * max_distance * kCostPerPixel));
  const int radius = static_cast<int>(std::ceil(max_distance));
  // No pair is further apart than the map's ends: a large distance costs a small map nothing.
  const int reach_x = std::min(radius, width - 1);
  const int reach_y = std::min(radius, height - 1);
  for (int dy = -reach_y; dy <= reach_y; ++dy) {
    for (int dx = -reach_x; dx <= reach_x; ++dx) {
      const double squared = static_cast<double>(dx) * dx + static_cast<double>(dy) * dy;
      if (squared > max_distance * max_distance) continue;
      offsets_.push_back({dx, dy, static_cast<int>(std::rint(std::sqrt(squared) * kCostPerPixel))});
    }
  }
  std::stable_sort(offsets_.begin(), offsets_.end(),
                   [](const Offset& a, const Offset& b) { return a.cost < b.cost; });
  column_at_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), kNone);
}

bool BoundaryMatcher::has_partner(int pixel, const std::uint8_t* other) const {
  const int x = pixel % width_;
  const int y = pixel / width_;
  return std::any_of(offsets_.begin(), offsets_.end(), [&](const Offset& offset) {
    const int u = x + offset.dx;
    const int v = y + offset.dy;
    return u >= 0 && v >= 0 && u < width_ && v < height_ &&
           other[static_cast<std::size_t>(v) * width_ + u] != 0;
  });
}

// Pixels of `map` with one of `other` in reach: the others are alone in every assignment.
void BoundaryMatcher::list_pixels(const std::uint8_t* map, const std::uint8_t* other,
                                  std::vector<int>& pixels) {
  pixels.clear();
  const int count = width_ * height_;
  for (int pixel = 0; pixel < count; ++pixel) {
    if (map[pixel] != 0 && has_partner(pixel, other)) pixels.push_back(pixel);
  }
}

template <typename Visit>
void BoundaryMatcher::for_each_near(int row, Visit visit) const {
  const int x = row_pixel_[row] % width_;
  const int y = row_pixel_[row] / width_;
  for (const Offset& offset : offsets_) {
    const int u = x + offset.dx;
    const int v = y + offset.dy;
    if (u < 0 || v < 0 || u >= width_ || v >= height_) continue;
    const int column = column_at_[static_cast<std::size_t>(v) * width_ + u];
    if (column != kNone) visit(column, offset.cost);
  }
}

// Pairs without a cost are part of some best assignment of these rows: with all prices 0 their
// reduced cost is 0, and no other's is less.
void BoundaryMatcher::pair_coinciding() {
  for (int row = 0; row < static_cast<int>(row_pixel_.size()); ++row) {
    const int column = column_at_[row_pixel_[row]];
    if (column == kNone) continue;
    column_of_row_[row] = column;
    row_of_column_[column] = row;
  }
}

// Takes one more row into the assignment, along the cheapest path: to a free column, or to a row
// that does without one, which may be `start` itself. Dijkstra's algorithm on reduced costs; prices
// keep those from falling below 0.
void BoundaryMatcher::place(int start) {
  ++search_;
  heap_.clear();
  settled_.clear();
  int row = start;
  int reached = 0;  // reduced cost of the way to `row`
  int best_alone = std::numeric_limits<int>::max();
  int alone_row = start;
  int end_column = kNone;
  for (;;) {
    const int alone = reached + alone_cost_ - row_price_[row];
    if (alone < best_alone) {
      best_alone = alone;
      alone_row = row;
    }
    for_each_near(row, [&](int column, int cost) {
      const int through = reached + cost - row_price_[row] - column_price_[column];
      if (through >= best_alone) return;
      if (stamp_[column] == search_ && distance_[column] <= through) return;
      stamp_[column] = search_;
      distance_[column] = through;
      from_row_[column] = row;
      heap_.push_back({through, column});
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
    });
    // The nearest column that was not settled yet: an entry that was bettered since is passed over.
    int column = kNone;
    while (!heap_.empty() && column == kNone) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
      const Step step = heap_.back();
      heap_.pop_back();
      if (step.cost == distance_[step.column]) {
        column = step.column;
        reached = step.cost;
      }
    }
    if (column == kNone || reached >= best_alone) {
      reached = best_alone;
      break;
    }
    settled_.push_back(column);
    if (row_of_column_[column] == kNone) {
      end_column = column;
      break;
    }
    row = row_of_column_[column];
  }
  row_price_[start] += reached;
  for (const int column : settled_) {
    const int less = reached - distance_[column];
    column_price_[column] -= less;
    if (row_of_column_[column] != kNone) row_price_[row_of_column_[column]] += less;
  }
  int column = end_column;
  if (column == kNone) {
    if (alone_row == start) return;
    column = column_of_row_[alone_row];
    column_of_row_[alone_row] = kNone;
  }
  for (int way = kNone; way != start;) {
    way = from_row_[column];
    const int next = column_of_row_[way];
    column_of_row_[way] = column;
    row_of_column_[column] = way;
    column = next;
  }
}

BoundaryPairs BoundaryMatcher::match(const std::uint8_t* found, const std::uint8_t* truth,
                                     std::uint8_t* found_matched) {
  list_pixels(found, truth, row_pixel_);
  list_pixels(truth, found, column_pixel_);
  const bool swapped = row_pixel_.size() > column_pixel_.size();
  if (swapped) row_pixel_.swap(column_pixel_);
  const std::size_t rows = row_pixel_.size();
  const std::size_t columns = column_pixel_.size();
  for (std::size_t i = 0; i < columns; ++i) column_at_[column_pixel_[i]] = static_cast<int>(i);
  column_of_row_.assign(rows, kNone);
  row_of_column_.assign(columns, kNone);
  row_price_.assign(rows, 0);
  column_price_.assign(columns, 0);
  distance_.assign(columns, 0);
  from_row_.assign(columns, kNone);
  stamp_.assign(columns, 0);
  search_ = 0;
  pair_coinciding();
  for (std::size_t row = 0; row < rows; ++row) {
    if (column_of_row_[row] == kNone) place(static_cast<int>(row));
  }
  BoundaryPairs pairs;
  for (std::size_t row = 0; row < rows; ++row) {
    if (column_of_row_[row] == kNone) continue;
    const int a = row_pixel_[row];
    const int b = column_pixel_[column_of_row_[row]];
    ++pairs.count;
    pairs.distance += static_cast<std::int64_t>(
        std::rint(kCostPerPixel * std::hypot(a % width_ - b % width_, a / width_ - b / width_)));
    found_matched[swapped ? b : a] = 1;
  }
  for (const int pixel : column_pixel_) column_at_[pixel] = kNone;
  return pairs;
}

}  // namespace samwire
