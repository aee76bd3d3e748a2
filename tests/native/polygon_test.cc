#include "mask/polygon.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

using Bitmap = std::vector<std::uint8_t>;
using Ring = std::vector<std::int32_t>;

std::vector<Polygon> trace(const Bitmap& bitmap, int width, double tolerance = 0) {
  const auto height = static_cast<int>(bitmap.size()) / width;
  return rle_to_polygons(bitmap_to_rle(bitmap.data(), width, height).counts, width, height,
                         tolerance);
}

double area(const Ring& ring) {
  double twice = 0;
  for (std::size_t i = 0, n = ring.size(); i < n; i += 2) {
    twice += double{1} * ring[i] * ring[(i + 3) % n] - double{1} * ring[(i + 2) % n] * ring[i + 1];
  }
  return twice / 2;
}

// Even-odd: a vertical edge left of a pixel toggles it.
void toggle(const Ring& ring, int width, Bitmap& bitmap) {
  for (std::size_t i = 0, n = ring.size(); i < n; i += 2) {
    const int x = ring[i];
    const int ya = ring[i + 1];
    const int yb = ring[(i + 3) % n];
    if (ya == yb) continue;
    EXPECT_EQ(x, ring[(i + 2) % n]) << "edges follow the pixel grid";
    for (int y = std::min(ya, yb); y < std::max(ya, yb); ++y) {
      for (int px = x; px < width; ++px) bitmap[static_cast<std::size_t>(y) * width + px] ^= 1;
    }
  }
}

Bitmap fill(const std::vector<Polygon>& polygons, int width, std::size_t pixels) {
  Bitmap all(pixels);
  for (const Polygon& polygon : polygons) {
    Bitmap one(pixels);
    toggle(polygon.outer, width, one);
    for (const Ring& hole : polygon.holes) toggle(hole, width, one);
    for (std::size_t i = 0; i < pixels; ++i) {
      EXPECT_FALSE(one[i] != 0 && all[i] != 0) << "polygons don't overlap";
      all[i] |= one[i];
    }
  }
  return all;
}

// 4-connected regions, by flood fill.
int count_regions(Bitmap bitmap, int width) {
  int regions = 0;
  const auto total = static_cast<int>(bitmap.size());
  for (int start = 0; start < total; ++start) {
    if (bitmap[start] == 0) continue;
    ++regions;
    std::vector<int> stack{start};
    bitmap[start] = 0;
    while (!stack.empty()) {
      const int i = stack.back();
      stack.pop_back();
      const int x = i % width;
      const auto visit = [&](int j) {
        if (bitmap[j] == 0) return;
        bitmap[j] = 0;
        stack.push_back(j);
      };
      if (x > 0) visit(i - 1);
      if (x + 1 < width) visit(i + 1);
      if (i >= width) visit(i - width);
      if (i + width < total) visit(i + width);
    }
  }
  return regions;
}

TEST(Polygons, AreAClockwiseSquareForOnePixel) {
  const std::vector<Polygon> polygons = trace({0, 0, 0, 0, 1, 0, 0, 0, 0}, 3);
  ASSERT_EQ(polygons.size(), 1U);
  EXPECT_EQ(polygons[0].outer, (Ring{1, 1, 2, 1, 2, 2, 1, 2}));
  EXPECT_TRUE(polygons[0].holes.empty());
}

TEST(Polygons, TurnTheOtherWayRoundAHole) {
  const std::vector<Polygon> polygons = trace({1, 1, 1, 1, 0, 1, 1, 1, 1}, 3);
  ASSERT_EQ(polygons.size(), 1U);
  EXPECT_EQ(polygons[0].outer, (Ring{0, 0, 3, 0, 3, 3, 0, 3}));
  ASSERT_EQ(polygons[0].holes.size(), 1U);
  EXPECT_EQ(polygons[0].holes[0], (Ring{1, 1, 1, 2, 2, 2, 2, 1}));
}

TEST(Polygons, AreNoneForAnEmptyMaskAndTheFrameForAFullOne) {
  EXPECT_TRUE(trace(Bitmap(35), 7).empty());
  const std::vector<Polygon> full = trace(Bitmap(35, 1), 7);
  ASSERT_EQ(full.size(), 1U);
  EXPECT_EQ(full[0].outer, (Ring{0, 0, 7, 0, 7, 5, 0, 5}));
}

TEST(Polygons, KeepPixelsApartThatMeetAtACornerAndJoinSuchHoles) {
  EXPECT_EQ(trace({1, 0, 0, 1}, 2).size(), 2U);
  EXPECT_EQ(trace({0, 1, 1, 0}, 2).size(), 2U);
  const Bitmap two_holes = {1, 1, 1, 1,  //
                            1, 0, 1, 1,  //
                            1, 1, 0, 1,  //
                            1, 1, 1, 1};
  const std::vector<Polygon> polygons = trace(two_holes, 4);
  ASSERT_EQ(polygons.size(), 1U);
  ASSERT_EQ(polygons[0].holes.size(), 1U);
  EXPECT_EQ(area(polygons[0].holes[0]), -2);
}

TEST(Polygons, PutAnIslandInAHoleIntoAPolygonOfItsOwn) {
  const Bitmap nested = {1, 1, 1, 1, 1,  //
                         1, 0, 0, 0, 1,  //
                         1, 0, 1, 0, 1,  //
                         1, 0, 0, 0, 1,  //
                         1, 1, 1, 1, 1};
  const std::vector<Polygon> polygons = trace(nested, 5);
  ASSERT_EQ(polygons.size(), 2U);
  EXPECT_EQ(polygons[0].holes.size(), 1U);
  EXPECT_EQ(polygons[1].outer, (Ring{2, 2, 3, 2, 3, 3, 2, 3}));
}

TEST(Polygons, GiveTheMaskBackWhenFilled) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    const int width = 1 + static_cast<int>(random() % 24);
    const int height = 1 + static_cast<int>(random() % 24);
    const unsigned density = 1 + random() % 9;
    Bitmap bitmap(static_cast<std::size_t>(width) * height);
    for (auto& pixel : bitmap) pixel = random() % 10 < density;
    const std::vector<Polygon> polygons = trace(bitmap, width);
    EXPECT_EQ(fill(polygons, width, bitmap.size()), bitmap) << "round " << round;
    EXPECT_EQ(static_cast<int>(polygons.size()), count_regions(bitmap, width)) << "round " << round;
    for (const Polygon& polygon : polygons) {
      EXPECT_GT(area(polygon.outer), 0);
      for (const Ring& hole : polygon.holes) EXPECT_LT(area(hole), 0);
    }
  }
}

TEST(Polygons, GiveCheckerboardsBack) {
  Bitmap board(31 * 17);
  for (int i = 0; i < 31 * 17; ++i) board[i] = (i % 31 + i / 31) % 2;
  const std::vector<Polygon> polygons = trace(board, 31);
  EXPECT_EQ(polygons.size(), 31U * 17 / 2);
  EXPECT_EQ(fill(polygons, 31, board.size()), board);
}

double distance_to_ring(double px, double py, const Ring& ring) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0, n = ring.size(); i < n; i += 2) {
    const double ax = ring[i];
    const double ay = ring[i + 1];
    const double dx = ring[(i + 2) % n] - ax;
    const double dy = ring[(i + 3) % n] - ay;
    const double length = dx * dx + dy * dy;
    const double t =
        length > 0 ? std::clamp(((px - ax) * dx + (py - ay) * dy) / length, 0.0, 1.0) : 0.0;
    best = std::min(best, std::hypot(px - ax - t * dx, py - ay - t * dy));
  }
  return best;
}

Bitmap disc(int size, double radius) {
  Bitmap bitmap(static_cast<std::size_t>(size) * size);
  for (int i = 0; i < size * size; ++i) {
    bitmap[i] = std::hypot(i % size + 0.5 - size / 2.0, i / size + 0.5 - size / 2.0) < radius;
  }
  return bitmap;
}

TEST(Polygons, StayWithinTheToleranceWithFarFewerCorners) {
  const Bitmap bitmap = disc(400, 150);
  const Ring exact = trace(bitmap, 400)[0].outer;
  std::size_t before = exact.size();
  for (const double tolerance : {1.0, 2.0, 5.0}) {
    const std::vector<Polygon> polygons = trace(bitmap, 400, tolerance);
    ASSERT_EQ(polygons.size(), 1U);
    const Ring& ring = polygons[0].outer;
    EXPECT_LT(ring.size(), before);
    before = ring.size();
    for (std::size_t i = 0; i < exact.size(); i += 2) {
      EXPECT_LE(distance_to_ring(exact[i], exact[i + 1], ring), tolerance + 1e-9);
    }
  }
  EXPECT_LT(before, 60U);
}

TEST(Polygons, LeaveOutHolesThatVanishButNeverAnOuterRing) {
  Bitmap bitmap(20 * 20, 1);
  bitmap[10 * 20 + 10] = 0;
  const std::vector<Polygon> polygons = trace(bitmap, 20, 2);
  ASSERT_EQ(polygons.size(), 1U);
  EXPECT_TRUE(polygons[0].holes.empty());
  Bitmap pixel(400);
  pixel[210] = 1;
  const std::vector<Polygon> dot = trace(pixel, 20, 5);
  ASSERT_EQ(dot.size(), 1U);
  EXPECT_EQ(area(dot[0].outer), 1);
}

TEST(Polygons, OfALongCombAreSimplifiedWithoutQuadraticWork) {
  // 60,000 equal teeth: plain Douglas-Peucker splits off one tooth at a time, 10^10 steps.
  const int teeth = 60000;
  Ring ring;
  for (int i = 0; i < teeth; ++i)
    ring.insert(ring.end(), {2 * i, 0, 2 * i, 9, 2 * i + 1, 9, 2 * i + 1, 0});
  ring.insert(ring.end(), {2 * teeth, 0, 2 * teeth, -5, -1, -5, -1, 0});
  const Ring simple = simplify_ring(ring, 1, true);
  EXPECT_GT(simple.size(), static_cast<std::size_t>(2 * teeth));
}

TEST(Polygons, RefuseRunsThatDoNotFitAndOddTolerances) {
  const std::vector<std::uint32_t> counts{3, 3};
  EXPECT_THROW(rle_to_polygons(counts, 2, 2, 0), Error);
  EXPECT_THROW(rle_to_polygons(counts, 2, 3, -1), Error);
  EXPECT_THROW(rle_to_polygons(counts, 2, 3, std::nan("")), Error);
  EXPECT_EQ(rle_to_polygons(counts, 2, 3, 0).size(), 1U);
}

}  // namespace
}  // namespace samwire
