#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "frame/error.h"
#include "mask/prototypes.h"
#include "mask/rle.h"
#include "mask/runs.h"

namespace samwire {
namespace {

using Bitmap = std::vector<std::uint8_t>;

Bitmap random_bitmap(int width, int height, unsigned percent, std::mt19937& random) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  for (auto& pixel : bitmap) pixel = random() % 100 < percent ? 1 : 0;
  return bitmap;
}

Runs runs_of(const Bitmap& bitmap, int width, int height) {
  return bitmap_to_rle(bitmap.data(), width, height).counts;
}

TEST(Runs, CombineAsBitmapsDo) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int width = 1 + static_cast<int>(random() % 17);
    const int height = 1 + static_cast<int>(random() % 13);
    const Bitmap a = random_bitmap(width, height, static_cast<unsigned>(random() % 101), random);
    const Bitmap b = random_bitmap(width, height, static_cast<unsigned>(random() % 101), random);
    Bitmap either(a.size());
    Bitmap only_a(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      either[i] = a[i] | b[i];
      only_a[i] = a[i] & (b[i] ^ 1);
    }
    const Runs ra = runs_of(a, width, height);
    const Runs rb = runs_of(b, width, height);
    EXPECT_EQ(unite_runs(ra, rb), runs_of(either, width, height));
    EXPECT_EQ(subtract_runs(ra, rb), runs_of(only_a, width, height));
    EXPECT_EQ(unite_runs(empty_runs(width, height), ra), ra);
    EXPECT_EQ(subtract_runs(ra, ra), empty_runs(width, height));
  }
}

TEST(Runs, AreCutToBoxesThatReachOut) {
  std::mt19937 random(8);
  for (int round = 0; round < 300; ++round) {
    const int width = 1 + static_cast<int>(random() % 17);
    const int height = 1 + static_cast<int>(random() % 13);
    const auto side = [&](int limit) { return static_cast<int>(random() % (limit + 6)) - 3; };
    const PixelBox box{side(width), side(height), side(width), side(height)};
    const Bitmap whole = random_bitmap(width, height, round % 3 == 0 ? 100 : 50, random);
    Bitmap cut(whole.size());
    std::int64_t area = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::size_t i = static_cast<std::size_t>(y) * width + x;
        if (x >= box.x1 && x < box.x2 && y >= box.y1 && y < box.y2) area += cut[i] = whole[i];
      }
    }
    const Runs runs = runs_of(whole, width, height);
    EXPECT_EQ(crop_runs(runs, width, height, box), runs_of(cut, width, height));
    EXPECT_EQ(area_in_box(runs, height, box), area);
  }
}

TEST(Runs, HaveASize) {
  EXPECT_THROW(empty_runs(0, 4), Error);
  EXPECT_THROW(empty_runs(4, -1), Error);
  EXPECT_THROW(empty_runs(65535, 65535), Error);
}

MaskSpec spec_of(int grid, const Placement& placement, int width, int height) {
  MaskSpec spec;
  spec.grid_width = grid;
  spec.grid_height = grid;
  spec.placement = placement;
  spec.frame_width = width;
  spec.frame_height = height;
  spec.via_input = false;
  return spec;
}

struct Scene {
  MaskSpec spec;
  int channels;
  std::vector<float> prototypes;
  std::vector<float> coefficients;
};

// The frame lies under rows 4 to 20 of a 24 x 24 grid.
Scene scene(std::mt19937& random) {
  Scene made{spec_of(24, {0, 4, 24, 16, 24, 24}, 90, 60), 5, {}, {}};
  std::uniform_real_distribution<float> value(-2, 2);
  made.prototypes.resize(static_cast<std::size_t>(made.channels) * 24 * 24);
  for (float& v : made.prototypes) v = value(random);
  for (int c = 0; c < made.channels; ++c) made.coefficients.push_back(value(random));
  return made;
}

std::vector<float> logits_of(const Scene& s) {
  std::vector<float> logits(24 * 24);
  for (int c = 0; c < s.channels; ++c) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      logits[i] += s.coefficients[c] * s.prototypes[static_cast<std::size_t>(c) * 24 * 24 + i];
    }
  }
  return logits;
}

TEST(PrototypeMasks, AreTheWholeMasksCutToTheBox) {
  std::mt19937 random(9);
  std::uniform_real_distribution<float> across(-10, 100);
  std::uniform_real_distribution<float> down(-10, 70);
  for (int round = 0; round < 60; ++round) {
    const Scene s = scene(random);
    PrototypeMasks masks(s.spec);
    const std::array<float, 4> box{across(random), down(random), across(random), down(random)};
    ObjectMask got;
    masks.extract(s.prototypes.data(), s.channels, s.coefficients.data(), box, got);

    const std::vector<float> logits = logits_of(s);
    const auto at = [&](float threshold) {
      MaskSpec moved = s.spec;
      moved.threshold = threshold;
      MaskResult whole;
      MaskExtractor(moved).extract(logits.data(), whole);
      Bitmap bitmap(90 * 60);
      rle_to_bitmap(whole.counts, 90, 60, bitmap.data());
      for (int i = 0; i < 90 * 60; ++i) {
        const auto x = static_cast<float>(i % 90);
        const auto y = static_cast<float>(i / 90);
        if (!(x >= box[0] && x < box[2] && y >= box[1] && y < box[3])) bitmap[i] = 0;
      }
      return bitmap_to_rle(bitmap.data(), 90, 60);
    };
    const MaskResult wanted = at(0);
    EXPECT_EQ(got.mask.counts, wanted.counts);
    EXPECT_EQ(got.mask.area, wanted.area);
    EXPECT_EQ(got.mask.box, wanted.box);
    const auto low = static_cast<double>(at(-1).area);
    EXPECT_DOUBLE_EQ(got.mask.stability, low > 0 ? static_cast<double>(at(1).area) / low : 0);
  }
}

TEST(PrototypeMasks, HaveCellsWhoseCentresLieInTheBox) {
  std::mt19937 random(10);
  const Scene s = scene(random);
  PrototypeMasks masks(s.spec);
  const std::array<float, 4> box{20, 11, 70, 41};
  ObjectMask got;
  masks.extract(s.prototypes.data(), s.channels, s.coefficients.data(), box, got);
  ASSERT_EQ(got.lowres.width, 24);
  ASSERT_EQ(got.lowres.height, 16);
  Bitmap cells(24 * 16);
  rle_to_bitmap(got.lowres.mask.counts, 24, 16, cells.data());
  const std::vector<float> logits = logits_of(s);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24; ++x) {
      const double centre_x = (x + 0.5) * got.lowres.scale_x;
      const double centre_y = (y + 0.5) * got.lowres.scale_y;
      const bool in_box = centre_x >= 20 && centre_x < 70 && centre_y >= 11 && centre_y < 41;
      EXPECT_EQ(cells[y * 24 + x] != 0, in_box && logits[(y + 4) * 24 + x] > 0) << x << " " << y;
    }
  }
}

TEST(PrototypeMasks, OfNoBoxAreEmpty) {
  std::mt19937 random(11);
  const Scene s = scene(random);
  PrototypeMasks masks(s.spec);
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::array<float, 4>& box : {std::array<float, 4>{10, 10, 10, 20},
                                          {30, 30, 20, 20},
                                          {kNaN, kNaN, kNaN, kNaN},
                                          {200, 0, 300, 60},
                                          {0, 0, -kInfinity, 60}}) {
    ObjectMask got;
    masks.extract(s.prototypes.data(), s.channels, s.coefficients.data(), box, got);
    EXPECT_EQ(got.mask.area, 0);
    EXPECT_EQ(got.mask.counts, Runs{90 * 60});
    EXPECT_EQ(got.mask.stability, 0);
    EXPECT_EQ(got.lowres.mask.area, 0);
  }
  ObjectMask whole;
  masks.extract(s.prototypes.data(), s.channels, s.coefficients.data(),
                {-kInfinity, -kInfinity, kInfinity, kInfinity}, whole);
  MaskResult wanted;
  MaskExtractor(s.spec).extract(logits_of(s).data(), wanted);
  EXPECT_EQ(whole.mask.counts, wanted.counts);
}

}  // namespace
}  // namespace samwire
