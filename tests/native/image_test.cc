#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "frame/error.h"
#include "image/prepare.h"

namespace samwire {
namespace {

constexpr PixelFormat kFormats[] = {PixelFormat::kNV12, PixelFormat::kI420, PixelFormat::kYUY2,
                                    PixelFormat::kBGRx, PixelFormat::kRGBx, PixelFormat::kRGB,
                                    PixelFormat::kBGR,  PixelFormat::kGray8};
constexpr Filter kFilters[] = {Filter::kBilinear, Filter::kBilinearAntialias, Filter::kBicubic,
                               Filter::kBicubicAntialias, Filter::kArea};
constexpr Fit kFits[] = {Fit::kLetterbox, Fit::kLetterboxCentred, Fit::kStretch, Fit::kNative};

using Random = std::mt19937;

int between(Random& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

// A picture whose planes end with their last pixel, so that AddressSanitizer sees a byte read too
// many.
struct Picture {
  ImageView view;
  std::vector<std::uint8_t> planes[3];
};

struct PlaneSize {
  int row_bytes, rows;
};

std::vector<PlaneSize> plane_sizes(PixelFormat format, int w, int h) {
  const int half_w = (w + 1) / 2, half_h = (h + 1) / 2;
  switch (format) {
    case PixelFormat::kNV12:
      return {{w, h}, {2 * half_w, half_h}};
    case PixelFormat::kI420:
      return {{w, h}, {half_w, half_h}, {half_w, half_h}};
    case PixelFormat::kYUY2:
      return {{4 * half_w, h}};
    case PixelFormat::kBGRx:
    case PixelFormat::kRGBx:
      return {{4 * w, h}};
    case PixelFormat::kRGB:
    case PixelFormat::kBGR:
      return {{3 * w, h}};
    case PixelFormat::kGray8:
      break;
  }
  return {{w, h}};
}

Picture picture(PixelFormat format, int width, int height, Random& random, int max_gap = 13) {
  Picture p;
  p.view.format = format;
  p.view.width = width;
  p.view.height = height;
  p.view.matrix = random() % 2 == 0 ? ColorMatrix::kBT601 : ColorMatrix::kBT709;
  p.view.range = random() % 2 == 0 ? ColorRange::kLimited : ColorRange::kFull;
  int i = 0;
  for (const PlaneSize& size : plane_sizes(format, width, height)) {
    const int stride = size.row_bytes + between(random, 0, max_gap);
    p.planes[i].resize(static_cast<std::size_t>(stride) * (size.rows - 1) + size.row_bytes);
    for (std::uint8_t& byte : p.planes[i]) byte = static_cast<std::uint8_t>(random());
    p.view.planes[i] = {p.planes[i].data(), stride};
    ++i;
  }
  return p;
}

// Plain levels: scale 1, mean 0, std 1, so that floats are the 8-bit results themselves.
ImageSpec levels(int width, int height, Fit fit, Filter filter) {
  ImageSpec spec;
  spec.width = width;
  spec.height = height;
  spec.fit = fit;
  spec.filter = filter;
  return spec;
}

std::size_t floats(const Placement& p) {
  return 3 * static_cast<std::size_t>(p.tensor_width) * p.tensor_height;
}

// prepare() into a buffer whose ends are guarded and whose every float must be written.
std::vector<float> prepared(ImagePreparer& preparer, const ImageView& view, const ImageSpec& spec) {
  const Placement expected = place(spec, view.width, view.height);
  constexpr std::size_t kGuard = 16;
  constexpr float kCanary = 12345.5F;
  std::vector<float> memory(floats(expected) + 2 * kGuard, std::numeric_limits<float>::quiet_NaN());
  std::fill_n(memory.begin(), kGuard, kCanary);
  std::fill_n(memory.end() - kGuard, kGuard, kCanary);
  const Placement p = preparer.prepare(view, spec, memory.data() + kGuard);
  EXPECT_EQ(std::memcmp(&p, &expected, sizeof p), 0);
  EXPECT_TRUE(
      std::all_of(memory.begin(), memory.begin() + kGuard, [](float v) { return v == kCanary; }));
  EXPECT_TRUE(
      std::all_of(memory.end() - kGuard, memory.end(), [](float v) { return v == kCanary; }));
  std::vector<float> out(memory.begin() + kGuard, memory.end() - kGuard);
  EXPECT_FALSE(std::any_of(out.begin(), out.end(), [](float v) { return std::isnan(v); }))
      << "a float not written";
  return out;
}

std::vector<float> reference(const ImageView& view, const ImageSpec& spec) {
  std::vector<float> out(floats(place(spec, view.width, view.height)));
  prepare_reference(view, spec, out.data());
  return out;
}

std::string name_of(const ImageView& v, const ImageSpec& s) {
  return "format " + std::to_string(static_cast<int>(v.format)) + " " + std::to_string(v.width) +
         "x" + std::to_string(v.height) + " to " + std::to_string(s.width) + "x" +
         std::to_string(s.height) + " fit " + std::to_string(static_cast<int>(s.fit)) + " filter " +
         std::to_string(static_cast<int>(s.filter));
}

// What both sets of kernels make of a picture, held against the reference.
class ImageTest : public ::testing::Test {
 protected:
  void expect_reference(const ImageView& view, const ImageSpec& spec, float tolerance = 0) {
    const std::vector<float> expected = reference(view, spec);
    for (ImagePreparer* preparer : {&best, &scalar}) {
      const std::vector<float> actual = prepared(*preparer, view, spec);
      ASSERT_EQ(actual.size(), expected.size());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < actual.size(); ++i)
        wrong += !(std::abs(actual[i] - expected[i]) <= tolerance);
      ASSERT_EQ(wrong, 0U) << name_of(view, spec) << (preparer == &best ? " " : " not ")
                           << simd_level();
    }
  }

  Random random{20240607};
  ImagePreparer best{SimdChoice::kBest};
  ImagePreparer scalar{SimdChoice::kScalar};
};

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

// A 9x7 grey picture, and what Pillow 9.4 (antialiased) and OpenCV 4.6 make of it.
constexpr std::uint8_t kGrey[63] = {60,  94,  129, 180, 12,  94,  198, 142, 4,   163, 64,  108, 151,
                                    214, 60,  251, 220, 83,  174, 136, 55,  26,  18,  81,  33,  181,
                                    149, 97,  67,  192, 238, 45,  85,  251, 99,  140, 119, 254, 224,
                                    182, 245, 249, 39,  95,  175, 41,  126, 44,  151, 223, 84,  4,
                                    243, 59,  212, 6,   98,  11,  88,  33,  207, 104, 37};

struct Known {
  Filter filter;
  int width, height;
  std::vector<int> levels;
};

TEST_F(ImageTest, LevelsAreThoseOfPillowAndOpenCV) {
  const std::vector<Known> all = {
      {Filter::kBilinearAntialias, 5, 4, {99,  124, 109, 165, 114, 126, 106, 79,  125, 147,
                                          137, 183, 183, 122, 131, 103, 78,  115, 107, 105}},
      {Filter::kBicubicAntialias, 5, 4, {95,  126, 108, 170, 111, 129, 103, 70,  123, 154,
                                         134, 196, 193, 120, 132, 103, 69,  113, 105, 105}},
      {Filter::kBilinear, 5, 4, {92,  131, 88,  190, 88,  149, 68, 21,  64,  157,
                                 162, 214, 220, 98,  140, 109, 75, 139, 115, 89}},
      {Filter::kBicubic, 5, 4, {86,  141, 98,  210, 80,  158, 55, 5,   39,  168,
                                169, 226, 226, 96,  144, 103, 66, 135, 110, 89}},
      {Filter::kArea, 5, 4, {94,  132, 110, 169, 99,  131, 103, 71,  115, 149,
                             137, 190, 185, 125, 135, 103, 72,  109, 103, 98}},
      {Filter::kBilinearAntialias, 13, 10, {60,  78,  102, 126, 160, 128, 12,  69,  134, 194, 155,
                                            78,  4,   117, 96,  87,  114, 146, 151, 123, 90,  133,
                                            224, 195, 121, 47,  166, 121, 85,  94,  110, 134, 165,
                                            96,  116, 198, 207, 159, 100, 173, 152, 115, 63,  42,
                                            31,  28,  64,  66,  54,  151, 166, 146}},
      {Filter::kBicubicAntialias, 13, 10, {51,  73,  104, 127, 179, 134, 0,   57,  141, 196, 159,
                                           67,  0,   117, 90,  78,  117, 160, 167, 132, 76,  132,
                                           243, 209, 113, 35,  180, 124, 73,  91,  105, 143, 188,
                                           87,  103, 210, 228, 164, 95,  178, 160, 118, 58,  31,
                                           21,  23,  68,  62,  40,  158, 176, 145}},
      {Filter::kBilinear, 13, 10, {60,  78,  102, 126, 160, 128, 12,  69, 134, 194, 155, 78,  4,
                                   117, 96,  87,  114, 146, 151, 123, 90, 134, 224, 194, 121, 47,
                                   166, 121, 85,  94,  110, 134, 165, 96, 116, 197, 207, 159, 100,
                                   173, 151, 115, 63,  42,  31,  28,  64, 66,  54,  151, 166, 146}},
      {Filter::kBicubic, 13, 10, {48,  73,  107, 126, 186, 129, 0,   48, 148, 196, 165, 67,  0,
                                  120, 86,  74,  117, 164, 177, 144, 72, 135, 255, 222, 116, 29,
                                  187, 124, 71,  87,  96,  143, 190, 86, 97,  208, 234, 172, 97,
                                  180, 163, 115, 59,  29,  18,  25,  69, 59,  42,  157, 183, 144}},
  };
  ImageView view;
  view.format = PixelFormat::kGray8;
  view.width = 9;
  view.height = 7;
  view.planes[0] = {kGrey, 9};
  for (const Known& known : all) {
    const std::vector<float> out =
        prepared(best, view, levels(known.width, known.height, Fit::kStretch, known.filter));
    for (std::size_t i = 0; i < known.levels.size(); ++i) {
      EXPECT_NEAR(out[i], known.levels[i], 1)
          << "filter " << static_cast<int>(known.filter) << " sample " << i;
    }
  }
}

// The formula in floats, from the matrix coefficients of BT.601 and BT.709.
std::array<double, 3> exact_rgb(int y, int u, int v, ColorMatrix matrix, ColorRange range) {
  const double kr = matrix == ColorMatrix::kBT709 ? 0.2126 : 0.299,
               kb = matrix == ColorMatrix::kBT709 ? 0.0722 : 0.114;
  const bool limited = range == ColorRange::kLimited;
  const double luma = limited ? (y - 16) * 255.0 / 219 : y;
  const double cb = (u - 128) * (limited ? 255.0 / 224 : 1),
               cr = (v - 128) * (limited ? 255.0 / 224 : 1);
  const double r = luma + 2 * (1 - kr) * cr, b = luma + 2 * (1 - kb) * cb;
  const double g = (luma - kr * r - kb * b) / (1 - kr - kb);
  return {std::clamp(r, 0.0, 255.0), std::clamp(g, 0.0, 255.0), std::clamp(b, 0.0, 255.0)};
}

TEST_F(ImageTest, YuvBecomesRgbWithinOneLevelOfTheFormula) {
  constexpr int kSteps = 18;  // 0, 15, …, 255
  for (ColorMatrix matrix : {ColorMatrix::kBT601, ColorMatrix::kBT709}) {
    for (ColorRange range : {ColorRange::kLimited, ColorRange::kFull}) {
      for (int y = 0; y < 256; ++y) {
        // One row: each pair of pixels has a U and V of its own.
        std::vector<std::uint8_t> row;
        for (int i = 0; i < kSteps * kSteps; ++i) {
          const auto luma = static_cast<std::uint8_t>(y);
          row.insert(row.end(), {luma, static_cast<std::uint8_t>(i % kSteps * 15), luma,
                                 static_cast<std::uint8_t>(i / kSteps * 15)});
        }
        ImageView view;
        view.format = PixelFormat::kYUY2;
        view.width = 2 * kSteps * kSteps;
        view.height = 1;
        view.matrix = matrix;
        view.range = range;
        view.planes[0] = {row.data(), static_cast<int>(row.size())};
        std::vector<std::uint8_t> rgb(3 * view.width);
        to_rgb(view, rgb.data());
        for (int x = 0; x < view.width; ++x) {
          const auto exact = exact_rgb(y, row[x / 2 * 4 + 1], row[x / 2 * 4 + 3], matrix, range);
          for (int c = 0; c < 3; ++c)
            ASSERT_NEAR(rgb[3 * x + c], exact[c], 0.6) << "Y " << y << " pixel " << x;
        }
      }
    }
  }
}

TEST_F(ImageTest, FullAndLimitedRangeMapBlackAndWhiteExactly) {
  for (const auto& [range, black, white] :
       {std::tuple{ColorRange::kLimited, 16, 235}, std::tuple{ColorRange::kFull, 0, 255}}) {
    const std::uint8_t luma[2] = {static_cast<std::uint8_t>(black),
                                  static_cast<std::uint8_t>(white)};
    const std::uint8_t chroma[2] = {128, 128};
    ImageView view{PixelFormat::kNV12,  2,     1,
                   ColorMatrix::kBT709, range, {{{luma, 2}, {chroma, 2}}}};
    std::uint8_t rgb[6];
    to_rgb(view, rgb);
    EXPECT_EQ(std::vector<int>(rgb, rgb + 6), (std::vector<int>{0, 0, 0, 255, 255, 255}));
  }
}

TEST_F(ImageTest, ToRgbEqualsTheUnresizedTensorForEveryFormat) {
  for (PixelFormat format : kFormats) {
    for (int i = 0; i < 6; ++i) {
      const Picture p = picture(format, between(random, 1, 130), between(random, 1, 9), random);
      const std::vector<float> planes =
          reference(p.view, levels(0, 0, Fit::kNative, Filter::kBilinear));
      const std::size_t pixels = static_cast<std::size_t>(p.view.width) * p.view.height;
      std::vector<std::uint8_t> rgb(3 * pixels);
      to_rgb(p.view, rgb.data());
      for (std::size_t k = 0; k < pixels; ++k) {
        for (int c = 0; c < 3; ++c) ASSERT_EQ(rgb[3 * k + c], planes[c * pixels + k]);
      }
    }
  }
}

TEST_F(ImageTest, ByteOrderAndChannelOrderAreKeptApart) {
  const std::uint8_t bytes[3] = {10, 20, 30};
  ImageView view;
  view.width = view.height = 1;
  view.planes[0] = {bytes, 3};
  ImageSpec spec = levels(1, 1, Fit::kStretch, Filter::kBilinear);
  spec.mean = {1, 2, 3};
  const auto tensor = [&](PixelFormat format, Channels channels) {
    view.format = format;
    spec.channels = channels;
    return prepared(best, view, spec);
  };
  EXPECT_EQ(tensor(PixelFormat::kRGB, Channels::kRGB), (std::vector<float>{9, 18, 27}));
  EXPECT_EQ(tensor(PixelFormat::kBGR, Channels::kRGB), (std::vector<float>{29, 18, 7}));
  EXPECT_EQ(tensor(PixelFormat::kRGB, Channels::kBGR), (std::vector<float>{29, 18, 7}));
  EXPECT_EQ(tensor(PixelFormat::kBGR, Channels::kBGR), (std::vector<float>{9, 18, 27}));
}

TEST_F(ImageTest, PaddingIsZeroAfterNormalisingOrALevelBefore) {
  const std::uint8_t bytes[6] = {200, 200, 200, 200, 200, 200};
  ImageView view;
  view.width = 2;
  view.height = 1;
  view.planes[0] = {bytes, 6};
  ImageSpec spec = levels(2, 4, Fit::kLetterbox, Filter::kBilinearAntialias);
  spec.scale = 0.5F;
  spec.mean = {10, 20, 30};
  spec.std = {2, 4, 5};
  EXPECT_EQ(prepared(best, view, spec),
            (std::vector<float>{45, 45, 0, 0, 0,  0,  0, 0, 20, 20, 0, 0,
                                0,  0,  0, 0, 14, 14, 0, 0, 0,  0,  0, 0}));
  spec.pad_after_normalise = false;
  spec.pad_level = 114;
  spec.fit = Fit::kLetterboxCentred;
  const std::vector<float> out = prepared(best, view, spec);
  EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + 8),
            (std::vector<float>{23.5F, 23.5F, 45, 45, 23.5F, 23.5F, 23.5F, 23.5F}));
  EXPECT_FLOAT_EQ(out[8], (57.0F - 20) / 4);
  EXPECT_FLOAT_EQ(out[23], (57.0F - 30) / 5);
}

struct Case {
  Fit fit;
  Rounding rounding;
  int tensor_width, tensor_height, width, height;
  Placement expected;
};

TEST(PlaceTest, PicturesGoWhereTheAuthorsPutThem) {
  const Case cases[] = {
      {Fit::kLetterbox, Rounding::kRound, 1024, 1024, 1180, 760, {0, 0, 1024, 660, 1024, 1024}},
      {Fit::kLetterbox, Rounding::kFloor, 1024, 1024, 1180, 760, {0, 0, 1024, 659, 1024, 1024}},
      {Fit::kLetterbox, Rounding::kRound, 512, 512, 1180, 760, {0, 0, 512, 330, 512, 512}},
      {Fit::kLetterbox, Rounding::kFloor, 1024, 1024, 1200, 1600, {0, 0, 768, 1024, 1024, 1024}},
      {Fit::kLetterbox, Rounding::kRound, 1024, 1024, 1920, 1080, {0, 0, 1024, 576, 1024, 1024}},
      {Fit::kLetterbox, Rounding::kFloor, 1024, 1024, 1920, 1080, {0, 0, 1024, 576, 1024, 1024}},
      {Fit::kLetterbox, Rounding::kRound, 1280, 736, 640, 640, {0, 0, 736, 736, 1280, 736}},
      {Fit::kLetterbox, Rounding::kFloor, 64, 64, 8000, 1, {0, 0, 64, 1, 64, 64}},
      {Fit::kLetterbox, Rounding::kRound, 64, 64, 1, 8000, {0, 0, 1, 64, 64, 64}},
      {Fit::kLetterboxCentred, Rounding::kRound, 640, 640, 810, 1080, {80, 0, 480, 640, 640, 640}},
      {Fit::kLetterboxCentred, Rounding::kRound, 10, 10, 10, 5, {0, 2, 10, 5, 10, 10}},
      {Fit::kStretch, Rounding::kRound, 1024, 512, 33, 44, {0, 0, 1024, 512, 1024, 512}},
      {Fit::kNative, Rounding::kRound, 0, 0, 33, 44, {0, 0, 33, 44, 33, 44}},
  };
  for (const Case& c : cases) {
    ImageSpec spec = levels(c.tensor_width, c.tensor_height, c.fit, Filter::kBilinear);
    spec.rounding = c.rounding;
    const Placement p = place(spec, c.width, c.height);
    EXPECT_EQ(std::memcmp(&p, &c.expected, sizeof p), 0)
        << c.width << "x" << c.height << " went to " << p.x << "," << p.y << " " << p.width << "x"
        << p.height;
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
