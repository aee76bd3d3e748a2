// The fast paths against the reference, and what holds for any picture.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "frame/error.h"
#include "image_fixture.h"

namespace samwire {
namespace {

using namespace image_testing;

TEST_F(ImageTest, EveryFormatFilterAndFitEqualsTheReferenceBitForBit) {
  for (PixelFormat format : kFormats) {
    for (Filter filter : kFilters) {
      for (Fit fit : kFits) {
        const Picture p = picture(format, between(random, 1, 90), between(random, 1, 60), random);
        expect_reference(p.view,
                         levels(between(random, 1, 80), between(random, 1, 80), fit, filter));
      }
    }
  }
}

TEST_F(ImageTest, RandomSpecsEqualTheReference) {
  for (int i = 0; i < 60; ++i) {
    const Picture p =
        picture(kFormats[random() % 8], between(random, 1, 120), between(random, 1, 50), random);
    ImageSpec spec = levels(between(random, 1, 70), between(random, 1, 70), kFits[random() % 4],
                            kFilters[random() % 5]);
    spec.rounding = random() % 2 == 0 ? Rounding::kFloor : Rounding::kRound;
    spec.channels = random() % 2 == 0 ? Channels::kRGB : Channels::kBGR;
    spec.scale = random() % 2 == 0 ? 1.0F : 1.0F / 255;
    spec.mean = {123.675F * spec.scale, 116.28F * spec.scale, 103.53F * spec.scale};
    spec.std = {58.395F * spec.scale, 57.12F * spec.scale, 57.375F * spec.scale};
    spec.pad_after_normalise = random() % 2 == 0;
    spec.pad_level = 114;
    expect_reference(p.view, spec, 1e-5F);
  }
}

TEST_F(ImageTest, EveryWidthFromStrongShrinkToEnlargementEqualsTheReference) {
  const Picture p = picture(PixelFormat::kRGB, 301, 2, random);
  for (Filter filter : kFilters) {
    for (int width = 1; width <= 640; width += width < 100 ? 3 : 29) {
      expect_reference(p.view, levels(width, 2, Fit::kStretch, filter));
    }
  }
}

TEST_F(ImageTest, EveryHeightFromStrongShrinkToEnlargementEqualsTheReference) {
  const Picture p = picture(PixelFormat::kGray8, 3, 301, random);
  for (Filter filter : kFilters) {
    for (int height = 1; height <= 640; height += height < 100 ? 5 : 47) {
      expect_reference(p.view, levels(4, height, Fit::kStretch, filter));
    }
  }
}

TEST_F(ImageTest, PicturesOf8KShrinkAndSinglePixelsGrow) {
  const Picture wide = picture(PixelFormat::kNV12, 8000, 9, random);
  const Picture tall = picture(PixelFormat::kYUY2, 9, 8000, random);
  for (Filter filter : kFilters) {
    expect_reference(wide.view, levels(64, 64, Fit::kStretch, filter));
    expect_reference(tall.view, levels(64, 64, Fit::kLetterboxCentred, filter));
    for (PixelFormat format : kFormats) {
      const Picture pixel = picture(format, 1, 1, random);
      expect_reference(pixel.view, levels(37, 21, Fit::kLetterbox, filter));
      expect_reference(pixel.view, levels(1, 1, Fit::kStretch, filter));
    }
  }
}

TEST_F(ImageTest, FlatPicturesKeepTheirLevel) {
  for (int i = 0; i < 100; ++i) {
    Picture p =
        picture(PixelFormat::kGray8, between(random, 1, 400), between(random, 1, 40), random, 0);
    const auto level = static_cast<std::uint8_t>(random());
    std::fill(p.planes[0].begin(), p.planes[0].end(), level);
    const ImageSpec spec = levels(between(random, 1, 90), between(random, 1, 90), Fit::kStretch,
                                  kFilters[random() % 5]);
    for (float v : prepared(best, p.view, spec)) ASSERT_EQ(v, level) << name_of(p.view, spec);
  }
}

TEST_F(ImageTest, FiltersWithoutLobesStayWithinTheSourceLevels) {
  for (int i = 0; i < 60; ++i) {
    Picture p =
        picture(PixelFormat::kRGB, between(random, 1, 90), between(random, 1, 90), random, 0);
    for (std::uint8_t& byte : p.planes[0]) byte = static_cast<std::uint8_t>(100 + byte % 50);
    const Filter filter =
        std::array{Filter::kBilinear, Filter::kBilinearAntialias, Filter::kArea}[random() % 3];
    const ImageSpec spec =
        levels(between(random, 1, 99), between(random, 1, 99), Fit::kStretch, filter);
    for (float v : prepared(best, p.view, spec)) {
      ASSERT_GE(v, 100) << name_of(p.view, spec);
      ASSERT_LE(v, 149) << name_of(p.view, spec);
    }
  }
}

TEST_F(ImageTest, UnchangedSizeIsExactForEveryFilter) {
  const Picture p = picture(PixelFormat::kRGB, 77, 31, random);
  for (Filter filter : kFilters) {
    for (Fit fit : {Fit::kNative, Fit::kLetterbox, Fit::kStretch}) {
      const std::vector<float> out = prepared(best, p.view, levels(77, 31, fit, filter));
      for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 31; ++y) {
          for (int x = 0; x < 77; ++x) {
            ASSERT_EQ(out[(c * 31 + y) * 77 + x],
                      p.view.planes[0].data[y * p.view.planes[0].stride + 3 * x + c]);
          }
        }
      }
    }
  }
}

TEST_F(ImageTest, OnePreparerServesMoreSizesThanItRemembers) {
  std::vector<Picture> pictures;
  for (int i = 0; i < 12; ++i)
    pictures.push_back(picture(kFormats[i % 8], 10 + 7 * i, 50 - 3 * i, random));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 12; ++i)
      expect_reference(pictures[i].view, levels(40 + i, 30, Fit::kLetterbox, kFilters[i % 5]));
  }
}

TEST_F(ImageTest, InvalidViewsAndSpecsAreRefused) {
  const Picture good = picture(PixelFormat::kI420, 8, 8, random);
  const ImageSpec spec = levels(16, 16, Fit::kLetterbox, Filter::kBilinear);
  const auto code = [&](auto change) -> std::string {
    ImageView view = good.view;
    ImageSpec s = spec;
    change(view, s);
    std::vector<float> out(3 * 16 * 16);
    try {
      best.prepare(view, s, out.data());
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  EXPECT_EQ(code([](ImageView&, ImageSpec&) {}), "none");
  const std::string refused = "invalid_argument";
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.width = 0; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.height = -1; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.width = kMaxImageSide + 1; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[2].data = nullptr; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[0].stride = 7; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[1].stride = 3; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[1].stride = -8; }), refused);
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.format = static_cast<PixelFormat>(99); }),
            refused);
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.width = 0; }), refused);
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.height = kMaxImageSide + 1; }), refused);
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.std[1] = 0; }), refused);
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.mean[2] = std::nanf(""); }), refused);
  EXPECT_EQ(
      code([](ImageView&, ImageSpec& s) { s.scale = std::numeric_limits<float>::infinity(); }),
      refused);
  std::uint8_t rgb[3 * 64];
  ImageView no_plane = good.view;
  no_plane.planes[0].data = nullptr;
  EXPECT_THROW(to_rgb(no_plane, rgb), Error);
  EXPECT_THROW(place(spec, 0, 5), Error);
}

TEST(SimdTest, TheLevelIsTheBestThatThisProcessorHas) {
#if defined(__aarch64__)
  EXPECT_STREQ(simd_level(), "neon");
#elif defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_STREQ(simd_level(), avx2 ? "avx2" : "scalar");
#else
  EXPECT_STREQ(simd_level(), "scalar");
#endif
}

}  // namespace
}  // namespace samwire
