// The frame -> tensor kernel, run on the CPU, against the CPU's own reference. The launcher reads
// and writes plain memory as if it were the device's, so that AddressSanitizer sees each pixel's
// bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cuda/half.h"
#include "cuda/memory.h"
#include "cuda/preprocess.h"
#include "cuda/stream.h"
#include "frame/error.h"
#include "image_fixture.h"

namespace samwire {
namespace {

using namespace image_testing;
using cuda::TensorType;

double value_of(cuda::Half half) {
  const int exponent = half.bits >> 10 & 31;
  const int fraction = half.bits & 1023;
  if (exponent == 31) return std::numeric_limits<double>::infinity();
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half.bits & 0x8000) != 0 ? -size : size;
}

class CudaPreprocessTest : public ::testing::Test {
 protected:
  template <class T>
  std::vector<T> on_device(const ImageView& view, const ImageSpec& spec, T unwritten) {
    const Placement expected = place(spec, view.width, view.height);
    constexpr std::size_t kGuard = 16;
    std::vector<T> out(floats(expected) + 2 * kGuard, unwritten);
    const TensorType type = sizeof(T) == 2 ? TensorType::kHalf : TensorType::kFloat;
    const Placement p = preprocessor.enqueue(view, spec, type, out.data() + kGuard, stream.get());
    EXPECT_EQ(std::memcmp(&p, &expected, sizeof p), 0);
    stream.synchronize();
    for (std::size_t i = 0; i < kGuard; ++i) {
      EXPECT_EQ(std::memcmp(&out[i], &unwritten, sizeof(T)), 0);
      EXPECT_EQ(std::memcmp(&out[out.size() - 1 - i], &unwritten, sizeof(T)), 0);
    }
    return {out.begin() + kGuard, out.end() - kGuard};
  }

  void expect_reference(const ImageView& view, const ImageSpec& spec, float tolerance = 0) {
    const std::vector<float> expected = reference(view, spec);
    const std::vector<float> actual = on_device(view, spec, std::nanf(""));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < actual.size(); ++i)
      wrong += !(std::abs(actual[i] - expected[i]) <= tolerance);
    ASSERT_EQ(wrong, 0U) << name_of(view, spec);
  }

  Random random{20240608};
  cuda::Stream stream{cuda::Priority::kLow};
  cuda::Preprocessor preprocessor;
};

TEST_F(CudaPreprocessTest, EveryFormatFilterAndFitHasTheReferencesLevels) {
  for (PixelFormat format : kFormats) {
    for (Filter filter : kFilters) {
      for (Fit fit : kFits) {
        const Picture p = picture(format, between(random, 1, 190), between(random, 1, 120), random);
        expect_reference(p.view,
                         levels(between(random, 1, 150), between(random, 1, 80), fit, filter));
      }
    }
  }
}

TEST_F(CudaPreprocessTest, RandomSpecsDifferFromTheReferenceByRoundingAlone) {
  for (int i = 0; i < 60; ++i) {
    const Picture p =
        picture(kFormats[random() % 8], between(random, 1, 220), between(random, 1, 90), random);
    ImageSpec spec = levels(between(random, 1, 170), between(random, 1, 90), kFits[random() % 4],
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

TEST_F(CudaPreprocessTest, EverySideFromShrinkByHundredsToEnlargementHasTheReferencesLevels) {
  const Picture wide = picture(PixelFormat::kRGB, 301, 5, random);
  const Picture tall = picture(PixelFormat::kNV12, 5, 301, random);
  for (Filter filter : kFilters) {
    for (int side = 1; side <= 640; side += side < 40 ? 3 : 67) {
      expect_reference(wide.view, levels(side, 5, Fit::kStretch, filter));
      expect_reference(tall.view, levels(5, side, Fit::kStretch, filter));
    }
  }
}

TEST_F(CudaPreprocessTest, FullHdAnd4kAndPortraitHaveTheReferencesLevels) {
  const Picture full_hd = picture(PixelFormat::kNV12, 1920, 1080, random);
  expect_reference(full_hd.view, levels(1024, 1024, Fit::kLetterbox, Filter::kBilinearAntialias));
  const Picture portrait = picture(PixelFormat::kI420, 719, 1281, random);
  expect_reference(portrait.view, levels(512, 512, Fit::kLetterboxCentred, Filter::kArea));
  const Picture uhd = picture(PixelFormat::kBGRx, 3840, 2160, random);
  expect_reference(uhd.view, levels(256, 256, Fit::kLetterbox, Filter::kBicubicAntialias));
}

TEST_F(CudaPreprocessTest, ShrinksTooStrongForATileGoThroughMemory) {
  const Picture p = picture(PixelFormat::kYUY2, 1501, 907, random);
  const std::size_t before = cuda::memory_stats().device_bytes;
  expect_reference(p.view, levels(53, 41, Fit::kLetterbox, Filter::kBicubicAntialias));
  EXPECT_GE(cuda::memory_stats().device_bytes - before, 3U * 907 * 53 * sizeof(std::int16_t));
  for (PixelFormat format : kFormats) {
    const Picture strip = picture(format, 2000, 33, random);
    expect_reference(strip.view, levels(20, 20, Fit::kStretch, Filter::kBilinearAntialias));
    expect_reference(strip.view, levels(1, 1, Fit::kStretch, Filter::kArea));
  }
}

TEST_F(CudaPreprocessTest, SinglePixelsGrow) {
  for (PixelFormat format : kFormats) {
    for (Filter filter : kFilters) {
      const Picture pixel = picture(format, 1, 1, random);
      expect_reference(pixel.view, levels(137, 21, Fit::kLetterbox, filter));
      expect_reference(pixel.view, levels(1, 1, Fit::kStretch, filter));
    }
  }
}

TEST_F(CudaPreprocessTest, HalvesAreTheRoundedFloats) {
  for (PixelFormat format : kFormats) {
    const Picture p = picture(format, 150, 70, random);
    ImageSpec spec = levels(96, 96, Fit::kLetterboxCentred, Filter::kBilinearAntialias);
    spec.mean = {123.675F, 116.28F, 103.53F};
    spec.std = {58.395F, 57.12F, 57.375F};
    const std::vector<float> floats = on_device(p.view, spec, std::nanf(""));
    const std::vector<cuda::Half> halves = on_device(p.view, spec, cuda::Half{0x7E01});
    for (std::size_t i = 0; i < floats.size(); ++i)
      ASSERT_EQ(halves[i].bits, cuda::to_half(floats[i]).bits);
  }
}

TEST_F(CudaPreprocessTest, HalvesAreTheNearestOnesWithTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const cuda::Half half{static_cast<std::uint16_t>(bits)};
    const cuda::Half next{static_cast<std::uint16_t>(bits + 1)};
    const double low = value_of(half);
    const double high = bits == 0x7BFF ? 65536 : value_of(next);
    const auto middle = static_cast<float>((low + high) / 2);
    const cuda::Half even = bits % 2 == 0 ? half : next;
    ASSERT_EQ(cuda::to_half(static_cast<float>(low)).bits, half.bits);
    ASSERT_EQ(cuda::to_half(middle).bits, even.bits) << low;
    ASSERT_EQ(cuda::to_half(std::nextafter(middle, 0.0F)).bits, half.bits) << low;
    ASSERT_EQ(cuda::to_half(std::nextafter(middle, 1e6F)).bits, next.bits) << low;
    ASSERT_EQ(cuda::to_half(-middle).bits, even.bits | 0x8000);
  }
  EXPECT_EQ(cuda::to_half(1e30F).bits, 0x7C00);
  EXPECT_EQ(cuda::to_half(-std::numeric_limits<float>::infinity()).bits, 0xFC00);
  EXPECT_EQ(cuda::to_half(std::nanf("")).bits & 0x7C00, 0x7C00);
  EXPECT_NE(cuda::to_half(std::nanf("")).bits & 0x03FF, 0);
}

TEST_F(CudaPreprocessTest, ASizeThatWasAmongTheLastEightAllocatesNothing) {
  const auto run = [&](int width) {
    const Picture p = picture(PixelFormat::kNV12, width, 90, random);
    expect_reference(p.view, levels(64, 64, Fit::kLetterbox, Filter::kBilinearAntialias));
  };
  for (int i = 0; i < 8; ++i) run(100 + i);
  const std::size_t before = cuda::memory_stats().allocations;
  for (int i = 7; i >= 0; --i) run(100 + i);
  EXPECT_EQ(cuda::memory_stats().allocations, before);
  run(200);
  EXPECT_EQ(cuda::memory_stats().allocations, before + 1);
  const std::size_t held = cuda::memory_stats().device_bytes;
  run(107);  // the one that had to go
  EXPECT_EQ(cuda::memory_stats().allocations, before + 2);
  EXPECT_NEAR(static_cast<double>(cuda::memory_stats().device_bytes), static_cast<double>(held),
              64);
}

TEST_F(CudaPreprocessTest, OneSizeUnderManyFiltersAndFitsKeepsThemApart) {
  const Picture p = picture(PixelFormat::kRGB, 97, 41, random);
  for (int round = 0; round < 2; ++round) {
    for (Filter filter : kFilters) expect_reference(p.view, levels(64, 64, Fit::kStretch, filter));
    for (Fit fit : kFits) expect_reference(p.view, levels(60, 60, fit, Filter::kArea));
  }
}

TEST_F(CudaPreprocessTest, InvalidViewsAndSpecsAreRefused) {
  const Picture good = picture(PixelFormat::kI420, 8, 8, random);
  const auto code = [&](auto change) -> std::string {
    ImageView view = good.view;
    ImageSpec spec = levels(16, 16, Fit::kLetterbox, Filter::kBilinear);
    change(view, spec);
    std::vector<float> out(3 * 16 * 16);
    try {
      preprocessor.enqueue(view, spec, TensorType::kFloat, out.data(), stream.get());
      stream.synchronize();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  EXPECT_EQ(code([](ImageView&, ImageSpec&) {}), "none");
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.width = 0; }), "invalid_argument");
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[2].data = nullptr; }), "invalid_argument");
  EXPECT_EQ(code([](ImageView& v, ImageSpec&) { v.planes[1].stride = 3; }), "invalid_argument");
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.width = 0; }), "invalid_argument");
  EXPECT_EQ(code([](ImageView&, ImageSpec& s) { s.std[1] = 0; }), "invalid_argument");
}

}  // namespace
}  // namespace samwire
