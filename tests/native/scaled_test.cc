#include "image/scaled.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "frame/error.h"
#include "picture_fixture.h"

namespace samwire::image_testing {
namespace {

std::vector<std::uint8_t> whole(const ImageView& view) {
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(view.width) * view.height * 3);
  to_rgb(view, rgb.data());
  return rgb;
}

TEST(ScaledRgb, IsTheMeanOfThePixelsWhereTheyDivide) {
  Random random{5};
  ScaledRgb scaled;
  for (const PixelFormat format : kFormats) {
    for (const int factor : {1, 2, 3, 7}) {
      const int width = between(random, 1, 40), height = between(random, 1, 40);
      const Picture p = picture(format, width * factor, height * factor, random);
      const std::vector<std::uint8_t> rgb = whole(p.view);
      std::vector<std::uint8_t> out(static_cast<std::size_t>(width) * height * 3, 99);
      scaled.write(p.view, width, height, out.data());
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width * 3; ++x) {
          double sum = 0;
          for (int dy = 0; dy < factor; ++dy) {
            for (int dx = 0; dx < factor; ++dx) {
              const int column = (x / 3 * factor + dx) * 3 + x % 3;
              sum += rgb[static_cast<std::size_t>(y * factor + dy) * p.view.width * 3 + column];
            }
          }
          ASSERT_NEAR(out[static_cast<std::size_t>(y) * width * 3 + x], sum / (factor * factor), 1);
        }
      }
    }
  }
}

TEST(ScaledRgb, TakesAnySizeUpToThePictures) {
  Random random{6};
  ScaledRgb scaled;
  for (int round = 0; round < 60; ++round) {
    const int width = between(random, 1, 90), height = between(random, 1, 90);
    const Picture p = picture(kFormats[round % 8], width, height, random);
    const int to_width = between(random, 1, width), to_height = between(random, 1, height);
    const std::size_t bytes = static_cast<std::size_t>(to_width) * to_height * 3;
    std::vector<std::uint8_t> out(bytes + 1, 77);
    scaled.write(p.view, to_width, to_height, out.data());
    ASSERT_EQ(out[bytes], 77);
    if (to_width == width && to_height == height) {
      out.pop_back();
      ASSERT_EQ(out, whole(p.view));
    }
  }
}

TEST(ScaledRgb, KeepsAFlatPicturesColour) {
  Random random{7};
  Picture p = picture(PixelFormat::kRGB, 191, 107, random, 0);
  for (std::size_t i = 0; i < p.planes[0].size(); ++i) p.planes[0][i] = i % 3 * 100 + 55;
  ScaledRgb scaled;
  std::vector<std::uint8_t> out(std::size_t{64} * 36 * 3);
  scaled.write(p.view, 64, 36, out.data());
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], i % 3 * 100 + 55);
}

TEST(ScaledRgb, RefusesALargerSizeAndDepth) {
  Random random{8};
  Picture p = picture(PixelFormat::kNV12, 8, 6, random);
  std::vector<std::uint8_t> out(1000);
  ScaledRgb scaled;
  EXPECT_THROW(scaled.write(p.view, 9, 6, out.data()), Error);
  EXPECT_THROW(scaled.write(p.view, 8, 7, out.data()), Error);
  EXPECT_THROW(scaled.write(p.view, 0, 6, out.data()), Error);
  p = picture(PixelFormat::kGray16LE, 8, 6, random);
  EXPECT_THROW(scaled.write(p.view, 4, 3, out.data()), Error);
}

}  // namespace
}  // namespace samwire::image_testing
