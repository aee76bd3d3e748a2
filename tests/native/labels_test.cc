#include "mask/labels.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

TEST(Labels, EachPixelHasTheLabelOfTheLastMaskThatCoversIt) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 70);
    const int height = 1 + static_cast<int>(random() % 70);
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    std::vector<LabelLayer> layers;
    std::vector<std::uint16_t> expected(pixels);
    for (unsigned i = random() % 6; i > 0; --i) {
      const auto label = static_cast<std::uint16_t>(1 + random() % 255);
      std::vector<std::uint8_t> bitmap(pixels);
      const unsigned density = random() % 101;
      for (std::size_t p = 0; p < pixels; ++p) {
        bitmap[p] = random() % 100 < density;
        if (bitmap[p] != 0) expected[p] = label;
      }
      layers.push_back({rle_compress(bitmap_to_rle(bitmap.data(), width, height).counts), label});
    }
    std::vector<std::uint16_t> wide(pixels, 7);
    std::vector<std::uint8_t> narrow(pixels, 7);
    paint_labels(layers, width, height, wide.data());
    paint_labels(layers, width, height, narrow.data());
    ASSERT_EQ(wide, expected);
    ASSERT_EQ(narrow, std::vector<std::uint8_t>(expected.begin(), expected.end()));
  }
}

TEST(Labels, TakesLabelsOverAByteInSixteenBits) {
  const std::vector<LabelLayer> layers{{rle_compress(std::vector<std::uint32_t>{1, 2, 1}), 300}};
  std::vector<std::uint16_t> out(4);
  paint_labels(layers, 2, 2, out.data());
  EXPECT_EQ(out, (std::vector<std::uint16_t>{0, 300, 300, 0}));
}

TEST(Labels, RefusesAMaskOfAnotherSize) {
  const std::vector<LabelLayer> layers{{rle_compress(std::vector<std::uint32_t>{5}), 1}};
  std::vector<std::uint8_t> out(4);
  EXPECT_THROW(paint_labels(layers, 2, 2, out.data()), Error);
}

}  // namespace
}  // namespace samwire
