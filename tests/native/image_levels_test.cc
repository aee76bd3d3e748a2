// What values come out: known pictures, the YUV formula, channel orders, padding, placement.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

#include "image_fixture.h"

namespace samwire {
namespace {

using namespace image_testing;

using ImageLevelsTest = ImageTest;

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

bool is_pillow(Filter filter) {
  return filter == Filter::kBilinearAntialias || filter == Filter::kBicubicAntialias;
}

TEST_F(ImageLevelsTest, LevelsAreThoseOfPillowAndWithinOneOfOpenCV) {
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
      EXPECT_NEAR(out[i], known.levels[i], is_pillow(known.filter) ? 0 : 1)
          << "filter " << static_cast<int>(known.filter) << " sample " << i;
    }
  }
}

std::uint64_t fnv1a(const std::vector<float>& levels) {
  std::uint64_t hash = 14695981039346656037U;
  for (float level : levels) hash = (hash ^ static_cast<std::uint64_t>(level)) * 1099511628211U;
  return hash;
}

// A grey picture of 300 x 211, the top bytes of a linear congruential generator.
struct Noise {
  Noise() {
    std::uint32_t state = 1;
    for (std::uint8_t& level : grey) {
      state = state * 1664525 + 1013904223;
      level = static_cast<std::uint8_t>(state >> 24);
    }
    view.format = PixelFormat::kGray8;
    view.width = 300;
    view.height = 211;
    view.planes[0] = {grey.data(), 300};
  }
  std::vector<std::uint8_t> grey = std::vector<std::uint8_t>(300 * 211);
  ImageView view;
};

// Hashes of what Pillow 9.4 makes of the noise: shrunk a little, a lot (far taps), along one axis,
// and enlarged.
TEST_F(ImageLevelsTest, AntialiasedPicturesArePillowsToTheBit) {
  struct Hashed {
    Filter filter;
    int width, height;
    std::uint64_t hash;
  };
  const std::vector<Hashed> all = {
      {Filter::kBilinearAntialias, 97, 68, 0x284d102ed6da682f},
      {Filter::kBicubicAntialias, 97, 68, 0xd6b39c08388bce1d},
      {Filter::kBilinearAntialias, 31, 17, 0x9d6f9724f099f619},
      {Filter::kBicubicAntialias, 31, 17, 0xa0a0badc9bd71846},
      {Filter::kBilinearAntialias, 512, 360, 0xb89025f561e72269},
      {Filter::kBicubicAntialias, 512, 360, 0xe8bc5719bfe70f8f},
      {Filter::kBilinearAntialias, 300, 100, 0xbec02661abd5596a},
      {Filter::kBicubicAntialias, 300, 100, 0x574307d190247dcb},
  };
  const Noise noise;
  for (const Hashed& known : all) {
    for (ImagePreparer* preparer : {&best, &scalar}) {
      std::vector<float> out = prepared(
          *preparer, noise.view, levels(known.width, known.height, Fit::kStretch, known.filter));
      out.resize(static_cast<std::size_t>(known.width) * known.height);  // one of three alike
      EXPECT_EQ(fnv1a(out), known.hash)
          << "filter " << static_cast<int>(known.filter) << " to " << known.width << "x"
          << known.height << (preparer == &best ? " " : " not ") << simd_level();
    }
  }
}

// Every twelfth of what PyTorch 1.13's interpolate(antialias=True) makes of the noise as floats.
TEST_F(ImageLevelsTest, FloatLevelsArePyTorchsWithinAHundredth) {
  struct Sampled {
    int width, height;
    std::vector<double> samples;
  };
  const std::vector<Sampled> all = {
      {97,
       68,
       {98.1194, 104.5584, 130.98, 134.0079, 85.2948, 120.1555, 135.7033, 123.4177, 130.4598,
        128.5672, 123.7203, 134.6675}},
      {512,
       360,
       {60.0, 57.5944, 180.275, 41.6222, 121.3861, 226.3237, 71.7868, 143.3254, 181.6577, 124.2776,
        166.6624, 199.7986}},
  };
  const Noise noise;
  for (const Sampled& known : all) {
    const std::vector<float> out =
        prepared(best, noise.view,
                 levels(known.width, known.height, Fit::kStretch, Filter::kBilinearAntialiasFloat));
    const std::size_t pixels = static_cast<std::size_t>(known.width) * known.height;
    for (std::size_t i = 0; i < known.samples.size(); ++i)
      EXPECT_NEAR(out[i * pixels / known.samples.size()], known.samples[i], 0.01) << i;
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

TEST_F(ImageLevelsTest, YuvBecomesRgbWithinOneLevelOfTheFormula) {
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

TEST_F(ImageLevelsTest, FullAndLimitedRangeMapBlackAndWhiteExactly) {
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

TEST_F(ImageLevelsTest, ToRgbEqualsTheUnresizedTensorForEveryFormat) {
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

TEST_F(ImageLevelsTest, ByteOrderAndChannelOrderAreKeptApart) {
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

TEST_F(ImageLevelsTest, PaddingIsZeroAfterNormalisingOrALevelBefore) {
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

}  // namespace
}  // namespace samwire
