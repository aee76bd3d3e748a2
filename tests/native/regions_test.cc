#include "mask/regions.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "mask/rle.h"

namespace samwire {
namespace {

using Bitmap = std::vector<std::uint8_t>;

struct Picture {
  int width, height;
  Bitmap bitmap;
};

Picture picture(const std::vector<std::string>& rows) {
  Picture made{static_cast<int>(rows[0].size()), static_cast<int>(rows.size()), {}};
  for (const std::string& row : rows) {
    for (const char c : row) made.bitmap.push_back(c == '#');
  }
  return made;
}

Cleaned cleaned(const Picture& mask, int min_area) {
  const auto counts = bitmap_to_rle(mask.bitmap.data(), mask.width, mask.height).counts;
  return remove_small_regions(counts, mask.width, mask.height, min_area);
}

std::vector<std::string> rows_of(const Cleaned& result, int width, int height) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  rle_to_bitmap(result.counts, width, height, bitmap.data());
  std::vector<std::string> rows;
  for (int y = 0; y < height; ++y) {
    std::string row;
    for (int x = 0; x < width; ++x) {
      row += bitmap[static_cast<std::size_t>(y) * width + x] != 0 ? '#' : '.';
    }
    rows.push_back(row);
  }
  return rows;
}

// Regions by flood fill, numbered by their first block of 2 x 2 pixels: [label of each pixel,
// areas].
std::pair<std::vector<int>, std::vector<int>> flood(const Bitmap& inside, int width, int height) {
  std::vector<int> labels(inside.size(), -1);
  std::vector<int> areas;
  const auto fill = [&](int start) {
    std::vector<int> open{start};
    labels[start] = static_cast<int>(areas.size());
    int area = 0;
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      ++area;
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          const int x = at % width + dx;
          const int y = at / width + dy;
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          const int next = y * width + x;
          if (inside[next] == 0 || labels[next] >= 0) continue;
          labels[next] = static_cast<int>(areas.size());
          open.push_back(next);
        }
      }
    }
    areas.push_back(area);
  };
  for (int by = 0; by < height; by += 2) {
    for (int bx = 0; bx < width; bx += 2) {
      for (int y = by; y < by + 2 && y < height; ++y) {
        for (int x = bx; x < bx + 2 && x < width; ++x) {
          const int at = y * width + x;
          if (inside[at] != 0 && labels[at] < 0) fill(at);
        }
      }
    }
  }
  return {labels, areas};
}

// The reference's two steps on a bitmap; true where it found a small region.
bool slow_step(Bitmap& mask, int width, int height, int min_area, bool holes) {
  Bitmap working = mask;
  if (holes) {
    for (auto& pixel : working) pixel ^= 1;
  }
  const auto [labels, areas] = flood(working, width, height);
  bool small = false;
  int largest = 0;
  bool any_large = false;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    small = small || areas[i] < min_area;
    any_large = any_large || areas[i] >= min_area;
    if (areas[i] > areas[largest]) largest = static_cast<int>(i);
  }
  if (!small) return false;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (labels[i] < 0) continue;
    if (holes) {
      mask[i] = areas[labels[i]] < min_area;
    } else {
      mask[i] = any_large ? areas[labels[i]] >= min_area : labels[i] == largest;
    }
  }
  return true;
}

TEST(Regions, FillsHolesAndRemovesIslandsThatAreSmall) {
  const Picture mask = picture({
      "#####...#",
      "#...#....",
      "#.#.#.##.",
      "#...#.##.",
      "#####....",
  });
  // The hole of 8 pixels goes with the point in it; of the islands only the point at the top right
  // is below 4.
  const Cleaned four = cleaned(mask, 4);
  EXPECT_TRUE(four.changed);
  EXPECT_EQ(rows_of(four, 9, 5), (std::vector<std::string>{
                                     "#####....",
                                     "#...#....",
                                     "#...#.##.",
                                     "#...#.##.",
                                     "#####....",
                                 }));
  EXPECT_EQ(rows_of(cleaned(mask, 9), 9, 5), (std::vector<std::string>{
                                                 "#####....",
                                                 "#####....",
                                                 "#####....",
                                                 "#####....",
                                                 "#####....",
                                             }));
}

TEST(Regions, LetsCornersConnect) {
  const Picture mask = picture({"#..", ".#.", "..#"});
  EXPECT_FALSE(cleaned(mask, 3).changed);
  EXPECT_TRUE(cleaned(mask, 4).changed);
}

TEST(Regions, KeepsTheLargestIslandWhereAllAreSmallAndSaysChanged) {
  const Picture alone = picture({"....", ".##.", "...."});
  const Cleaned result = cleaned(alone, 5);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(rows_of(result, 4, 3), (std::vector<std::string>{"....", ".##.", "...."}));
}

TEST(Regions, LeavesAnEmptyMaskAndOneWithoutSmallRegionsAsTheyAre) {
  const Picture empty = picture({"....", "...."});
  EXPECT_FALSE(cleaned(empty, 3).changed);
  EXPECT_FALSE(cleaned(picture({"##..", "##.."}), 4).changed);
  EXPECT_FALSE(cleaned(picture({"#.#.", ".#.#"}), 0).changed);
  // Nothing but a hole that is too small: the whole picture is filled.
  EXPECT_EQ(rows_of(cleaned(empty, 9), 4, 2), (std::vector<std::string>{"####", "####"}));
}

TEST(Regions, AgreesWithFloodFillOnRandomMasks) {
  std::mt19937 random(4);
  for (int round = 0; round < 600; ++round) {
    const int width = 1 + static_cast<int>(random() % 24);
    const int height = 1 + static_cast<int>(random() % 24);
    const int min_area = static_cast<int>(random() % 12);
    const unsigned density = 20 + random() % 70;
    Bitmap mask(static_cast<std::size_t>(width) * height);
    for (auto& pixel : mask) pixel = random() % 100 < density;
    const Cleaned result = cleaned({width, height, mask}, min_area);
    bool changed = slow_step(mask, width, height, min_area, true);
    changed = slow_step(mask, width, height, min_area, false) || changed;
    ASSERT_EQ(result.changed, changed) << "round " << round;
    ASSERT_EQ(result.counts, bitmap_to_rle(mask.data(), width, height).counts) << "round " << round;
  }
}

}  // namespace
}  // namespace samwire
