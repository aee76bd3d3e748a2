#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "depth/measure.h"
#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

using Bitmap = std::vector<std::uint8_t>;

// A depth picture in memory of its own, in either byte order, its rows padded by `padding` bytes.
struct Picture {
  Picture(int w, int h, PixelFormat format = PixelFormat::kGray16LE, int padding = 0)
      : bytes(static_cast<std::size_t>(2 * w + padding) * static_cast<std::size_t>(h), 0xee) {
    view.format = format;
    view.width = w;
    view.height = h;
    view.planes[0] = {bytes.data(), 2 * w + padding};
  }
  void set(int x, int y, int depth) {
    std::uint8_t* const at =
        bytes.data() + static_cast<std::size_t>(y) * view.planes[0].stride + 2 * x;
    const bool little = view.format == PixelFormat::kGray16LE;
    at[little ? 0 : 1] = static_cast<std::uint8_t>(depth);
    at[little ? 1 : 0] = static_cast<std::uint8_t>(depth >> 8);
  }
  int at(int x, int y) const {
    const std::uint8_t* const at =
        bytes.data() + static_cast<std::size_t>(y) * view.planes[0].stride + 2 * x;
    return view.format == PixelFormat::kGray16LE ? at[1] << 8 | at[0] : at[0] << 8 | at[1];
  }
  std::vector<std::uint8_t> bytes;
  ImageView view;
};

std::vector<std::uint32_t> runs_of(const Bitmap& bitmap, int width, int height) {
  return bitmap_to_rle(bitmap.data(), width, height).counts;
}

// The definition in measure.h, written down pixel by pixel.
MaskDepth by_definition(const Bitmap& mask, int width, int height, const Picture& depth,
                        const DepthModel& model) {
  struct Pixel {
    double x, y;  // in the depth picture
    int z;
  };
  MaskDepth out;
  std::vector<Pixel> pixels;
  for (int v = 0; v < height; ++v) {
    for (int u = 0; u < width; ++u) {
      if (mask[static_cast<std::size_t>(v) * width + u] == 0) continue;
      ++out.pixels;
      const double x = (u + 0.5) * depth.view.width / width;
      const double y = (v + 0.5) * depth.view.height / height;
      const int z = depth.at(static_cast<int>(x), static_cast<int>(y));
      if (z == 0 || z == 65535 || z < model.nearest || z > model.farthest) continue;
      pixels.push_back({x - 0.5, y - 0.5, z});
    }
  }
  out.valid = pixels.size();
  if (pixels.empty()) return out;
  std::vector<int> sorted;
  for (const Pixel& pixel : pixels) sorted.push_back(pixel.z);
  std::sort(sorted.begin(), sorted.end());
  const int lower = sorted[(sorted.size() - 1) / 2];
  out.median = (lower + sorted[sorted.size() / 2]) / 2.0;
  for (int& z : sorted) z = std::abs(z - lower);
  std::sort(sorted.begin(), sorted.end());
  const double band =
      std::floor(std::max({3 * 1.4826 * sorted[(sorted.size() - 1) / 2], 0.02 * out.median, 1.0}));
  double n = 0;
  for (const Pixel& pixel : pixels) {
    if (std::abs(pixel.z - lower) > band) continue;
    ++n;
    const double z = model.scale * pixel.z;
    out.centroid[0] += (pixel.x - model.cx) / model.fx * z;
    out.centroid[1] += (pixel.y - model.cy) / model.fy * z;
    out.centroid[2] += z;
  }
  for (double& part : out.centroid) part /= n;
  return out;
}

Bitmap blobs(int width, int height, std::mt19937& random) {
  Bitmap mask(static_cast<std::size_t>(width) * height, 0);
  for (int i = static_cast<int>(random() % 5); i > 0; --i) {
    const int cx = static_cast<int>(random() % width);
    const int cy = static_cast<int>(random() % height);
    const int r = 1 + static_cast<int>(random() % (std::max(width, height)));
    const std::uint8_t inside = random() % 4 == 0 ? 0 : 1;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        if (std::hypot(x - cx, y - cy) < r) mask[static_cast<std::size_t>(y) * width + x] = inside;
      }
    }
  }
  return mask;
}

// Surfaces, noise, holes and the two numbers that are no depth.
int some_depth(int kind, int x, int y, std::mt19937& random) {
  if (kind == 0) return static_cast<int>(random() & 0xffff);
  if (random() % 8 == 0) return random() % 2 == 0 ? 0 : 65535;
  if (kind == 1) return 1000 + 3 * x + 7 * y + static_cast<int>(random() % 9);
  return random() % 5 == 0 ? 5000 : 900 + static_cast<int>(random() % 3);
}

TEST(Depth, IsWhatTheDefinitionSaysForAnyMaskPictureAndSize) {
  std::mt19937 random(21);
  DepthMeter meter;
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    const int width = 1 + static_cast<int>(random() % 150);
    const int height = 1 + static_cast<int>(random() % 90);
    const bool same = random() % 2 == 0;
    const int depth_width = same ? width : 1 + static_cast<int>(random() % 200);
    const int depth_height = same ? height : 1 + static_cast<int>(random() % 120);
    Picture depth(depth_width, depth_height,
                  random() % 2 == 0 ? PixelFormat::kGray16LE : PixelFormat::kGray16BE,
                  static_cast<int>(random() % 3) * 16);
    const int kind = static_cast<int>(random() % 3);
    for (int y = 0; y < depth_height; ++y) {
      for (int x = 0; x < depth_width; ++x) depth.set(x, y, some_depth(kind, x, y, random));
    }
    DepthModel model{80, 90, depth_width / 2.0, depth_height / 2.0, 0.001};
    if (random() % 4 == 0) model.nearest = 950;
    if (random() % 4 == 0) model.farthest = 3000;
    const Bitmap mask = blobs(width, height, random);
    const MaskDepth expected = by_definition(mask, width, height, depth, model);
    const MaskDepth got =
        meter.measure(runs_of(mask, width, height), width, height, depth.view, model);
    EXPECT_EQ(got.pixels, expected.pixels);
    EXPECT_EQ(got.valid, expected.valid);
    EXPECT_EQ(got.median, expected.median);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(got.centroid[i], expected.centroid[i], 1e-6);
  }
}

TEST(Depth, OfAnEmptyMaskOrOneWithoutDepthIsNone) {
  DepthMeter meter;
  Picture depth(8, 6);
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 8; ++x) depth.set(x, y, x % 2 == 0 ? 0 : 65535);
  }
  const MaskDepth whole = meter.measure(std::vector<std::uint32_t>{0, 48}, 8, 6, depth.view, {});
  EXPECT_EQ(whole.pixels, 48u);
  EXPECT_EQ(whole.valid, 0u);
  EXPECT_EQ(whole.median, 0);
  const MaskDepth empty = meter.measure(std::vector<std::uint32_t>{48}, 8, 6, depth.view, {});
  EXPECT_EQ(empty.pixels, 0u);
  EXPECT_EQ(empty.valid, 0u);
  // Nothing of one mask is left for the next.
  depth.set(3, 3, 700);
  const MaskDepth one = meter.measure(std::vector<std::uint32_t>{0, 48}, 8, 6, depth.view, {});
  EXPECT_EQ(one.valid, 1u);
  EXPECT_EQ(one.median, 700);
}

TEST(Depth, PutsThePointOfOnePixelWhereThePinholeModelSays) {
  DepthMeter meter;
  Picture depth(640, 480);
  depth.set(400, 100, 2000);
  Bitmap mask(640 * 480, 0);
  mask[100 * 640 + 400] = 1;
  const DepthModel model{500, 510, 319.5, 239.5, 0.001};
  const MaskDepth got = meter.measure(runs_of(mask, 640, 480), 640, 480, depth.view, model);
  EXPECT_NEAR(got.centroid[0], (400 - 319.5) / 500 * 2, 1e-12);
  EXPECT_NEAR(got.centroid[1], (100 - 239.5) / 510 * 2, 1e-12);
  EXPECT_NEAR(got.centroid[2], 2, 1e-12);
}

TEST(Depth, LeavesTheBackgroundThatAMaskReachesOverToOutOfTheCentroid) {
  DepthMeter meter;
  Picture depth(100, 100);
  for (int y = 0; y < 100; ++y) {
    for (int x = 0; x < 100; ++x) depth.set(x, y, x < 80 ? 1000 : 1000 + 40 * (x - 79));
  }
  const DepthModel model{100, 100, 49.5, 49.5, 0.001};
  const MaskDepth got =
      meter.measure(std::vector<std::uint32_t>{0, 10000}, 100, 100, depth.view, model);
  EXPECT_EQ(got.median, 1000);
  EXPECT_NEAR(got.centroid[0], (39.5 - 49.5) / 100, 1e-9);
  EXPECT_NEAR(got.centroid[2], 1, 1e-9);
}

TEST(Depth, KeepsTheWholeOfASlantedSurface) {
  DepthMeter meter;
  Picture depth(100, 100);
  for (int y = 0; y < 100; ++y) {
    for (int x = 0; x < 100; ++x) depth.set(x, y, 1000 + 30 * y);
  }
  const DepthModel model{100, 100, 49.5, 49.5, 0.001};
  const MaskDepth got =
      meter.measure(std::vector<std::uint32_t>{0, 10000}, 100, 100, depth.view, model);
  EXPECT_NEAR(got.centroid[2], 2.485, 1e-9);
  EXPECT_NEAR(got.centroid[0], 0, 1e-9);
}

TEST(Depth, HoldsTheLargestNumbers) {
  DepthMeter meter;
  constexpr int kWidth = 8192, kHeight = 4096;
  Picture depth(64, 32);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 64; ++x) depth.set(x, y, 65534);
  }
  const DepthModel model{1, 1, 31.5, 15.5, 1};
  const MaskDepth got = meter.measure(std::vector<std::uint32_t>{0, kWidth * kHeight}, kWidth,
                                      kHeight, depth.view, model);
  EXPECT_EQ(got.valid, static_cast<std::uint64_t>(kWidth) * kHeight);
  EXPECT_EQ(got.median, 65534);
  EXPECT_NEAR(got.centroid[0], 0, 1e-3);
  EXPECT_NEAR(got.centroid[1], 0, 1e-3);
  EXPECT_NEAR(got.centroid[2], 65534, 1e-6);
}

TEST(Depth, RefusesAPicture) {
  DepthMeter meter;
  Picture picture(8, 6);
  picture.view.format = PixelFormat::kGray8;
  EXPECT_THROW(meter.measure(std::vector<std::uint32_t>{48}, 8, 6, picture.view, {}), Error);
  ImageView nothing;
  nothing.format = PixelFormat::kGray16LE;
  EXPECT_THROW(meter.measure(std::vector<std::uint32_t>{48}, 8, 6, nothing, {}), Error);
}

}  // namespace
}  // namespace samwire
