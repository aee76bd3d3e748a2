#include "mask/patch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"
#include "picture_fixture.h"

namespace samwire {
namespace {

using image_testing::kFormats;
using image_testing::Picture;
using image_testing::Random;

constexpr int kWidth = 200;
constexpr int kHeight = 150;

// Smooth hills of grey without end, looked at through a frame: a point of the frame at (x, y) shows
// the hills at ((x - shift_x) / scale, (y - shift_y) / scale).
struct Hills {
  Hills(double shift_x, double shift_y, double scale, double gain = 1, double offset = 0)
      : data(static_cast<std::size_t>(kWidth) * kHeight) {
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const double u = (x + 0.5 - shift_x) / scale, v = (y + 0.5 - shift_y) / scale;
        const double height = std::sin(u / 7) * std::cos(v / 9) + std::sin((u + 2 * v) / 17) +
                              std::cos((u - v) / 5) / 2;
        data[static_cast<std::size_t>(y) * kWidth + x] =
            static_cast<std::uint8_t>(std::lround(gain * (110 + 30 * height) + offset));
      }
    }
    view.format = PixelFormat::kGray8;
    view.width = kWidth;
    view.height = kHeight;
    view.planes[0] = {data.data(), kWidth};
  }

  std::vector<std::uint8_t> data;
  ImageView view;
};

// Of the pixels in a box.
std::vector<std::uint32_t> mask_of(const PatchBox& box) {
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(kWidth) * kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      bitmap[static_cast<std::size_t>(y) * kWidth + x] =
          x >= box[0] && y >= box[1] && x < box[2] && y < box[3];
    }
  }
  return bitmap_to_rle(bitmap.data(), kWidth, kHeight).counts;
}

constexpr PatchBox kBox{60, 40, 124, 88};

PatchBox moved(double shift_x, double shift_y, double scale) {
  return {kBox[0] * scale + shift_x, kBox[1] * scale + shift_y, kBox[2] * scale + shift_x,
          kBox[3] * scale + shift_y};
}

Registration found(const Hills& later, const PatchBox& mask = kBox) {
  const Hills first(0, 0, 1);
  const Patch patch = sample_patch(first.view, mask_of(mask), kBox);
  const auto all = register_patches(later.view, std::vector{patch}, kBox);
  return all.at(0);
}

void expect_box(const Registration& registration, const PatchBox& box, double within) {
  EXPECT_GT(registration.likeness, 0.98);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(registration.box[i], box[i], within) << "edge " << i;
}

TEST(Patch, IsFoundWhereItWasSampled) { expect_box(found(Hills(0, 0, 1)), kBox, 0.05); }

TEST(Patch, IsFoundWhereItHasMoved) {
  expect_box(found(Hills(7.3, -4.6, 1)), moved(7.3, -4.6, 1), 0.2);
}

TEST(Patch, IsFoundAtTheScaleThatItHasNow) {
  expect_box(found(Hills(-9, -7, 1.1)), moved(-9, -7, 1.1), 0.4);
  expect_box(found(Hills(8, 5, 0.92)), moved(8, 5, 0.92), 0.4);
}

TEST(Patch, IsFoundInAnotherLight) {
  expect_box(found(Hills(4, 3, 1, 0.6, 30)), moved(4, 3, 1), 0.3);
}

TEST(Patch, IsFoundByWhatIsInTheFrame) {
  const Hills first(0, 0, 1);
  const PatchBox box{-16, 40, 48, 88};
  const Patch patch = sample_patch(first.view, mask_of(box), box);
  const Hills later(-3, 2, 1);
  const auto all = register_patches(later.view, std::vector{patch}, box);
  expect_box(all.at(0), {-19, 42, 45, 90}, 0.4);
}

// All but the mask shows something else.
TEST(Patch, IsFoundByItsMaskAlone) {
  Hills later(5, 3, 1);
  const PatchBox kept{80, 50, 109, 81};
  const Hills other(900, 700, 1.3);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const std::size_t pixel = static_cast<std::size_t>(y) * kWidth + x;
      if (x < kept[0] || y < kept[1] || x >= kept[2] || y >= kept[3]) {
        later.data[pixel] = other.data[pixel];
      }
    }
  }
  expect_box(found(later, {80, 52, 100, 74}), moved(5, 3, 1), 1);
}

TEST(Patch, IsNotFoundWhereSomethingElseIs) {
  Random random(5);
  Hills later(0, 0, 1);
  for (auto& pixel : later.data) pixel = static_cast<std::uint8_t>(random() % 256);
  EXPECT_LT(found(later).likeness, 0.5);
}

TEST(Patch, OfAPlainSurfaceIsNotFound) {
  Hills plain(0, 0, 1, 0, 90);
  const Patch patch = sample_patch(plain.view, mask_of(kBox), kBox);
  EXPECT_EQ(register_patches(plain.view, std::vector{patch}, kBox).at(0).likeness, 0);
}

TEST(Patch, OfAnEmptyMaskIsNotFound) {
  const Hills hills(0, 0, 1);
  const Patch patch = sample_patch(hills.view, mask_of({}), kBox);
  EXPECT_EQ(register_patches(hills.view, std::vector{patch}, kBox).at(0).likeness, 0);
}

// Planes end with their last pixel, so that AddressSanitizer sees a byte read too many.
TEST(Patch, IsReadWithinThePlanesOfEachFormatAndSize) {
  Random random(17);
  for (const PixelFormat format : kFormats) {
    for (int round = 0; round < 10; ++round) {
      const int width = image_testing::between(random, 1, 70);
      const int height = image_testing::between(random, 1, 50);
      const Picture picture = image_testing::picture(format, width, height, random);
      std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width) * height, 1);
      const auto counts = bitmap_to_rle(bitmap.data(), width, height).counts;
      const double x = image_testing::between(random, -30, 70);
      const double y = image_testing::between(random, -30, 50);
      const PatchBox box{x, y, x + image_testing::between(random, 1, 200) / 2.0,
                         y + image_testing::between(random, 1, 200) / 2.0};
      const Patch patch = sample_patch(picture.view, counts, box);
      for (const Registration& registration :
           register_patches(picture.view, std::vector{patch, patch}, box)) {
        ASSERT_TRUE(std::isfinite(registration.likeness));
        for (const double edge : registration.box) ASSERT_TRUE(std::isfinite(edge));
      }
    }
  }
}

TEST(Patch, NeedsABoxWithAnArea) {
  const Hills hills(0, 0, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const PatchBox& box : {PatchBox{5, 5, 5, 9}, PatchBox{9, 5, 5, 9}, PatchBox{nan, 5, 9, 9},
                              PatchBox{0, 0, 1e300, 9}}) {
    EXPECT_THROW(sample_patch(hills.view, mask_of(kBox), box), Error);
    EXPECT_THROW(register_patches(hills.view, {}, box), Error);
  }
}

}  // namespace
}  // namespace samwire
