#include "mask/rle_ops.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

using Runs = std::vector<std::uint32_t>;
using Bitmap = std::vector<std::uint8_t>;

Bitmap random_bitmap(int width, int height, std::mt19937& random) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  const unsigned density = random() % 101;
  for (auto& pixel : bitmap) pixel = random() % 100 < density;
  return bitmap;
}

Runs runs_of(const Bitmap& bitmap, int width, int height) {
  return bitmap_to_rle(bitmap.data(), width, height).counts;
}

int between(std::mt19937& random, int low, int high) {
  return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
}

TEST(RleOps, PlacesTheMaskOfACropIntoTheFrame) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const int width = between(random, 1, 30);
    const int height = between(random, 1, 30);
    Region crop;
    crop.x = between(random, 0, width - 1);
    crop.y = between(random, 0, height - 1);
    crop.width = between(random, 1, width - crop.x);
    crop.height = between(random, 1, height - crop.y);
    const Bitmap part = random_bitmap(crop.width, crop.height, random);
    Bitmap whole(static_cast<std::size_t>(width) * height);
    for (int y = 0; y < crop.height; ++y) {
      for (int x = 0; x < crop.width; ++x) {
        whole[static_cast<std::size_t>(crop.y + y) * width + crop.x + x] =
            part[static_cast<std::size_t>(y) * crop.width + x];
      }
    }
    ASSERT_EQ(rle_uncrop(runs_of(part, crop.width, crop.height), crop, width, height),
              runs_of(whole, width, height));
  }
}

TEST(RleOps, RefusesACropThatIsNotWithinTheFrame) {
  const Runs full{0, 4};
  EXPECT_THROW(rle_uncrop(full, {0, 0, 2, 2}, 1, 2), Error);
  EXPECT_THROW(rle_uncrop(full, {1, 0, 2, 2}, 2, 2), Error);
  EXPECT_THROW(rle_uncrop(full, {0, 0, 2, 2}, 0, 2), Error);
}

TEST(RleOps, SeesAMaskOnACoarserGridByItsCentres) {
  std::mt19937 random(7);
  const int width = 13;
  const int height = 9;
  const Bitmap bitmap = random_bitmap(width, height, random);
  Bitmap cells(4 * 3);
  for (int v = 0; v < 3; ++v) {
    for (int u = 0; u < 4; ++u) {
      const int x = static_cast<int>((u + 0.5) * width / 4);
      const int y = static_cast<int>((v + 0.5) * height / 3);
      cells[static_cast<std::size_t>(v) * 4 + u] = bitmap[static_cast<std::size_t>(y) * width + x];
    }
  }
  EXPECT_EQ(rle_sample(runs_of(bitmap, width, height), width, height, 4, 3), runs_of(cells, 4, 3));
  EXPECT_THROW(rle_sample(runs_of(bitmap, width, height), width, height, 0, 3), Error);
}

TEST(RleOps, KnowsWhichPixelsAreInside) {
  std::mt19937 random(8);
  const Bitmap bitmap = random_bitmap(17, 11, random);
  const RlePixels pixels(runs_of(bitmap, 17, 11), 17, 11);
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 17; ++x) {
      ASSERT_EQ(pixels.inside(x, y), bitmap[static_cast<std::size_t>(y) * 17 + x] != 0);
    }
  }
  EXPECT_FALSE(pixels.inside(-1, 0));
  EXPECT_FALSE(pixels.inside(0, 11));
  EXPECT_FALSE(RlePixels(Runs{0, 1}, 1, 1).inside(1, 0));
}

}  // namespace
}  // namespace samwire
