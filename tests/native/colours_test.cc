#include "mask/colours.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"
#include "picture_fixture.h"

namespace samwire {
namespace {

using image_testing::kFormats;
using image_testing::Picture;
using image_testing::Random;

// Red of `side` pixels at (x, y) before grey, in a packed RGB picture.
struct Scene {
  Scene(int width, int height, int x, int y, int side)
      : data(static_cast<std::size_t>(width) * height * 3, 90),
        mask(static_cast<std::size_t>(width) * height) {
    view.format = PixelFormat::kRGB;
    view.width = width;
    view.height = height;
    for (int j = std::max(0, y); j < std::min(height, y + side); ++j) {
      for (int i = std::max(0, x); i < std::min(width, x + side); ++i) {
        const std::size_t pixel = static_cast<std::size_t>(j) * width + i;
        data[pixel * 3] = 220;
        data[pixel * 3 + 1] = 20;
        data[pixel * 3 + 2] = 30;
        mask[pixel] = 1;
      }
    }
    view.planes[0] = {data.data(), width * 3};
    counts = bitmap_to_rle(mask.data(), width, height).counts;
  }

  ColourHistogram chances() const {
    const MaskColours colours = mask_colours(view, counts);
    ColourHistogram chances{};
    for (int i = 0; i < kColourBins; ++i) {
      chances[i] = colours.inside[i] / (colours.inside[i] + colours.around[i] + 1e-4F);
    }
    return chances;
  }

  std::vector<std::uint8_t> data, mask;
  std::vector<std::uint32_t> counts;
  ImageView view;
};

float sum(const ColourHistogram& histogram) {
  return std::accumulate(histogram.begin(), histogram.end(), 0.0F);
}

double alike(const ColourHistogram& a, const ColourHistogram& b) {
  double total = 0;
  for (int i = 0; i < kColourBins; ++i) total += std::sqrt(a[i] * b[i]);
  return total;
}

TEST(Colours, OfOneYuvPictureAreTheSameInEachOfItsFormats) {
  Random random(3);
  const Picture planar = image_testing::picture(PixelFormat::kI420, 13, 7, random);
  Picture nv12 = image_testing::picture(PixelFormat::kNV12, 13, 7, random);
  const auto at = [](const ImageView& view, int plane, int x, int y) {
    return const_cast<std::uint8_t*>(view.planes[plane].data) + y * view.planes[plane].stride + x;
  };
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 13; ++x) *at(nv12.view, 0, x, y) = *at(planar.view, 0, x, y);
  }
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 7; ++x) {
      *at(nv12.view, 1, 2 * x, y) = *at(planar.view, 1, x, y);
      *at(nv12.view, 1, 2 * x + 1, y) = *at(planar.view, 2, x, y);
    }
  }
  const ColourReader a(planar.view);
  const ColourReader b(nv12.view);
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 13; ++x) ASSERT_EQ(a.bin(x, y), b.bin(x, y));
  }
}

TEST(Colours, OfRgbAreThoseOfItsYcbcr) {
  std::uint8_t rgb[3] = {255, 0, 0};
  ImageView view;
  view.format = PixelFormat::kRGB;
  view.width = view.height = 1;
  view.planes[0] = {rgb, 3};
  // Y 76, Cb 85, Cr 255: JPEG's matrix.
  std::uint8_t pair[4] = {76, 85, 76, 255};
  ImageView yuv = view;
  yuv.format = PixelFormat::kYUY2;
  yuv.planes[0] = {pair, 4};
  EXPECT_EQ(ColourReader(view).bin(0, 0), ColourReader(yuv).bin(0, 0));
  std::uint8_t bgrx[4] = {0, 0, 255, 7};
  view.format = PixelFormat::kBGRx;
  view.planes[0] = {bgrx, 4};
  EXPECT_EQ(ColourReader(view).bin(0, 0), ColourReader(yuv).bin(0, 0));
}

// Planes end with their last pixel, so that AddressSanitizer sees a byte read too many.
TEST(Colours, AreReadWithinThePlanesOfEachFormatAndSize) {
  Random random(11);
  for (const PixelFormat format : kFormats) {
    for (int round = 0; round < 20; ++round) {
      const int width = image_testing::between(random, 1, 70);
      const int height = image_testing::between(random, 1, 50);
      const Picture picture = image_testing::picture(format, width, height, random);
      std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width) * height);
      for (auto& pixel : bitmap) pixel = random() % 3 == 0;
      const auto counts = bitmap_to_rle(bitmap.data(), width, height).counts;
      const MaskColours colours = mask_colours(picture.view, counts);
      for (const float share : colours.inside) ASSERT_GE(share, 0);
      ColourSearch search;
      search.area = {-20, -20, 90, 80};
      search.width = 1 + random() % 40;
      search.height = 1 + random() % 40;
      search.peaks = 3;
      for (const ColourPeak& peak : find_colours(picture.view, colours.inside, search)) {
        ASSERT_TRUE(std::isfinite(peak.score));
      }
    }
  }
}

TEST(Colours, OfAMaskAreApartFromThoseAroundIt) {
  const Scene scene(64, 48, 20, 10, 16);
  const MaskColours colours = mask_colours(scene.view, scene.counts);
  EXPECT_NEAR(sum(colours.inside), 1, 1e-5);
  EXPECT_NEAR(sum(colours.around), 1, 1e-5);
  EXPECT_LT(alike(colours.inside, colours.around), 0.01);
  const Scene elsewhere(640, 480, 300, 100, 200);
  EXPECT_GT(alike(colours.inside, mask_colours(elsewhere.view, elsewhere.counts).inside), 0.99);
}

TEST(Colours, OfAnEmptyMaskAreNone) {
  const Scene scene(16, 12, 20, 20, 4);
  const MaskColours colours = mask_colours(scene.view, scene.counts);
  EXPECT_EQ(sum(colours.inside), 0);
  EXPECT_EQ(sum(colours.around), 0);
}

ColourSearch search_of(double size) {
  ColourSearch search;
  search.area = {0, 0, 200, 100};
  search.width = search.height = size;
  return search;
}

TEST(ColourSearch, FindsWhereTheColoursAre) {
  const ColourHistogram chances = Scene(64, 48, 20, 10, 16).chances();
  const Scene scene(200, 100, 130, 40, 30);
  const auto peaks = find_colours(scene.view, chances, search_of(30));
  ASSERT_EQ(peaks.size(), 1U);
  EXPECT_NEAR(peaks[0].x, 145, 3);
  EXPECT_NEAR(peaks[0].y, 55, 3);
  EXPECT_GT(peaks[0].score, 0.8);
  EXPECT_NEAR(peaks[0].seen[0], 130, 3);
  EXPECT_NEAR(peaks[0].seen[3], 70, 3);
  EXPECT_NEAR(peaks[0].inside_x, 145, 6);
}

TEST(ColourSearch, SaysWhatIsSeenOfAnObjectAtTheBorder) {
  const ColourHistogram chances = Scene(64, 48, 20, 10, 16).chances();
  const Scene scene(200, 100, -20, 40, 30);
  ColourSearch search = search_of(30);
  search.area = {-20, 0, 200, 100};
  const auto peaks = find_colours(scene.view, chances, search);
  ASSERT_EQ(peaks.size(), 1U);
  EXPECT_LT(peaks[0].seen[2], 14);
  EXPECT_NEAR(peaks[0].inside_y, 55, 15);
}

TEST(ColourSearch, TakesTheOneThatIsNearerToWhereItIsExpected) {
  Scene scene(200, 100, 20, 30, 24);
  const ColourHistogram chances = scene.chances();
  for (int y = 30; y < 54; ++y) {
    for (int x = 140; x < 164; ++x) {
      const std::size_t from = (static_cast<std::size_t>(40) * 200 + 30) * 3;
      for (int c = 0; c < 3; ++c)
        scene.data[(static_cast<std::size_t>(y) * 200 + x) * 3 + c] = scene.data[from + c];
    }
  }
  ColourSearch search = search_of(24);
  search.sigma = 90;
  search.expected_x = 150;
  search.expected_y = 42;
  search.peaks = 2;
  const auto peaks = find_colours(scene.view, chances, search);
  ASSERT_EQ(peaks.size(), 2U);
  EXPECT_NEAR(peaks[0].x, 152, 3);
  EXPECT_NEAR(peaks[1].x, 32, 6);
}

TEST(ColourSearch, HasNoPlaceOutsideOfTheFrame) {
  const Scene scene(200, 100, 130, 40, 30);
  ColourSearch search = search_of(30);
  search.area = {900, 900, 1000, 1000};
  EXPECT_TRUE(find_colours(scene.view, scene.chances(), search).empty());
}

TEST(ColourSearch, RefusesWindowsWithoutPixelsAndNumbersThatAreNone) {
  const Scene scene(20, 10, 2, 2, 4);
  const ColourHistogram chances = scene.chances();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ColourSearch search = search_of(0.5);
  EXPECT_THROW(find_colours(scene.view, chances, search), Error);
  search = search_of(nan);
  EXPECT_THROW(find_colours(scene.view, chances, search), Error);
  search = search_of(4);
  search.area[2] = nan;
  EXPECT_THROW(find_colours(scene.view, chances, search), Error);
  search = search_of(4);
  search.sigma = std::numeric_limits<double>::infinity();
  EXPECT_THROW(find_colours(scene.view, chances, search), Error);
}

}  // namespace
}  // namespace samwire
