#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "frame/error.h"
#include "mask/centroid.h"
#include "mask/deepest.h"
#include "mask/polygon_fill.h"
#include "mask/rle.h"
#include "mask/rle_iou.h"

namespace samwire {
namespace {

using Runs = std::vector<std::uint32_t>;
using Bitmap = std::vector<std::uint8_t>;

// Blobs rather than noise: discs and rectangles, some cut by the border.
Bitmap random_blobs(int width, int height, std::mt19937& random) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  const int shapes = static_cast<int>(random() % 4);
  for (int i = 0; i < shapes; ++i) {
    const int cx = static_cast<int>(random() % width);
    const int cy = static_cast<int>(random() % height);
    const int r = 1 + static_cast<int>(random() % 12);
    const bool disc = random() % 2 == 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int dx = x - cx;
        const int dy = y - cy;
        const bool inside =
            disc ? dx * dx + dy * dy <= r * r : std::abs(dx) <= r && std::abs(dy) <= 2;
        if (inside) bitmap[static_cast<std::size_t>(y) * width + x] = 1;
      }
    }
  }
  return bitmap;
}

Runs runs_of(const Bitmap& bitmap, int width, int height) {
  return bitmap_to_rle(bitmap.data(), width, height).counts;
}

TEST(RleIou, CountsWhatPixelsSay) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int width = 1 + static_cast<int>(random() % 40);
    const int height = 1 + static_cast<int>(random() % 40);
    const Bitmap a = random_blobs(width, height, random);
    const Bitmap b = random_blobs(width, height, random);
    std::int64_t both = 0;
    std::int64_t any = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      both += a[i] & b[i];
      any += a[i] | b[i];
    }
    const RleOverlap overlap = rle_overlap(runs_of(a, width, height), runs_of(b, width, height));
    EXPECT_EQ(overlap.intersection, both);
    EXPECT_EQ(overlap.union_area(), any);
    EXPECT_DOUBLE_EQ(overlap.iou(), any == 0 ? 0 : static_cast<double>(both) / any);
  }
}

TEST(RleIou, RefusesMasksOfTwoSizes) {
  EXPECT_THROW(rle_overlap(Runs{4, 2}, Runs{4, 3}), Error);
  EXPECT_EQ(rle_overlap(Runs{6}, Runs{6}).iou(), 0);
  EXPECT_EQ(rle_overlap(Runs{0, 6}, Runs{0, 6}).iou(), 1);
}

TEST(Centroid, IsTheMeanOfThePixels) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const int width = 1 + static_cast<int>(random() % 40);
    const int height = 1 + static_cast<int>(random() % 40);
    const Bitmap bitmap = random_blobs(width, height, random);
    double sum_x = 0;
    double sum_y = 0;
    int area = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        if (bitmap[static_cast<std::size_t>(y) * width + x] == 0) continue;
        sum_x += x;
        sum_y += y;
        ++area;
      }
    }
    const auto centroid = mask_centroid(runs_of(bitmap, width, height), height);
    ASSERT_EQ(centroid.has_value(), area > 0);
    if (!centroid) continue;
    EXPECT_NEAR(centroid->x, sum_x / area, 1e-9);
    EXPECT_NEAR(centroid->y, sum_y / area, 1e-9);
  }
}

TEST(Centroid, IsExactOnTheLargestMasks) {
  const auto centroid = mask_centroid(Runs{0, 32767u * 32767u}, 32767);
  ASSERT_TRUE(centroid.has_value());
  EXPECT_DOUBLE_EQ(centroid->x, 16383);
  EXPECT_DOUBLE_EQ(centroid->y, 16383);
}

std::optional<DeepPixel> slow_deepest(const Bitmap& bitmap, int width, int height) {
  std::optional<DeepPixel> best;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (bitmap[static_cast<std::size_t>(y) * width + x] == 0) continue;
      std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
      for (int v = -1; v <= height; ++v) {
        for (int u = -1; u <= width; ++u) {
          const bool in_picture = u >= 0 && v >= 0 && u < width && v < height;
          if (in_picture && bitmap[static_cast<std::size_t>(v) * width + u] != 0) continue;
          const std::int64_t d = static_cast<std::int64_t>(u - x) * (u - x) + (v - y) * (v - y);
          nearest = std::min(nearest, d);
        }
      }
      if (!best || nearest > best->distance_squared) best = DeepPixel{x, y, nearest};
    }
  }
  return best;
}

TEST(DeepestPixel, IsTheFirstOfThoseFarthestFromOutside) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const int width = 1 + static_cast<int>(random() % 36);
    const int height = 1 + static_cast<int>(random() % 36);
    const Bitmap bitmap = random_blobs(width, height, random);
    const auto found = deepest_pixel(runs_of(bitmap, width, height), height);
    const auto expected = slow_deepest(bitmap, width, height);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (!found) continue;
    EXPECT_EQ(found->distance_squared, expected->distance_squared);
    EXPECT_EQ(found->x, expected->x) << "round " << round;
    EXPECT_EQ(found->y, expected->y) << "round " << round;
  }
}

TEST(DeepestPixel, TakesTheBorderOfThePictureForOutside) {
  const auto deepest = deepest_pixel(Runs{0, 5 * 7}, 7);  // all of 5 x 7
  ASSERT_TRUE(deepest.has_value());
  EXPECT_EQ(deepest->x, 2);
  EXPECT_EQ(deepest->y, 2);
  EXPECT_EQ(deepest->distance_squared, 9);
}

// Pixels whose centre lies inside by the even-odd rule.
Bitmap centres_inside(const std::vector<double>& ring, int width, int height) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  const std::size_t points = ring.size() / 2;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      bool inside = false;
      for (std::size_t i = 0, j = points - 1; i < points; j = i++) {
        const double xi = ring[2 * i];
        const double yi = ring[2 * i + 1];
        const double xj = ring[2 * j];
        const double yj = ring[2 * j + 1];
        const double py = y + 0.5;
        if ((yi > py) != (yj > py) && x + 0.5 < (xj - xi) * (py - yi) / (yj - yi) + xi) {
          inside = !inside;
        }
      }
      bitmap[static_cast<std::size_t>(y) * width + x] = inside;
    }
  }
  return bitmap;
}

TEST(FillPolygons, FillsWholePixelsOfARectangle) {
  const std::vector<std::vector<double>> rings{{2, 1, 6, 1, 6, 4, 2, 4}};
  const MaskResult mask = fill_polygons(rings, 10, 8);
  EXPECT_EQ(mask.area, 12);
  EXPECT_EQ(mask.box, (std::array<int, 4>{2, 1, 6, 4}));
}

TEST(FillPolygons, DiffersFromPixelCentresByLittle) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const int width = 60 + static_cast<int>(random() % 40);
    const int height = 60 + static_cast<int>(random() % 40);
    std::vector<double> ring;
    const int corners = 3 + static_cast<int>(random() % 9);
    for (int i = 0; i < corners; ++i) {
      const double angle = 6.283185307 * i / corners;
      const double r = 12 + static_cast<double>(random() % 400) / 10;  // may leave the picture
      ring.push_back(width / 2.0 + r * std::cos(angle));
      ring.push_back(height / 2.0 + r * std::sin(angle));
    }
    const std::vector<std::vector<double>> rings{ring};
    const MaskResult mask = fill_polygons(rings, width, height);
    const Runs centres = runs_of(centres_inside(ring, width, height), width, height);
    EXPECT_GT(rle_overlap(mask.counts, centres).iou(), 0.94) << "round " << round;
  }
}

TEST(FillPolygons, TakesRingsTogetherAndARingByTheEvenOddRule) {
  const std::vector<double> a{2, 2, 8, 2, 8, 8, 2, 8};
  const std::vector<double> b{5, 5, 12, 5, 12, 12, 5, 12};
  const std::vector<std::vector<double>> both{a, b};
  EXPECT_EQ(fill_polygons(both, 20, 20).area, 36 + 49 - 9);
  // A bow tie: two triangles, nothing between them.
  const std::vector<std::vector<double>> tie{{2, 2, 18, 18, 18, 2, 2, 18}};
  const MaskResult mask = fill_polygons(tie, 20, 20);
  EXPECT_NEAR(static_cast<double>(mask.area), 128, 20);
  const std::vector<std::vector<double>> whole{{-50, -50, 70, -50, 70, 70, -50, 70}};
  EXPECT_EQ(fill_polygons(whole, 20, 20).area, 400);
}

TEST(FillPolygons, RefusesWhatIsNoPolygon) {
  const std::vector<std::vector<double>> line{{1, 1, 5, 5}};
  const std::vector<std::vector<double>> odd{{1, 1, 5, 5, 3, 3, 2}};
  const std::vector<std::vector<double>> nan{{1, 1, 5, 5, std::nan(""), 3}};
  const std::vector<std::vector<double>> huge{{1, 1, 5, 5, 3e9, 3}};
  for (const auto& rings : {line, odd, nan, huge}) {
    EXPECT_THROW(fill_polygons(rings, 20, 20), Error);
  }
  EXPECT_THROW(fill_polygons({}, 0, 20), Error);
  std::vector<std::vector<double>> far(
      1, std::vector<double>(2000));  // there and back 500 times: hours for a file of a megabyte
  for (std::size_t i = 0; i < far[0].size(); ++i) far[0][i] = i % 4 < 2 ? 1e6 : -1e6;
  EXPECT_THROW(fill_polygons(far, 20, 20), Error);
  EXPECT_EQ(fill_polygons({}, 20, 20).area, 0);
}

}  // namespace
}  // namespace samwire
