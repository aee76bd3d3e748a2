#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "frame/error.h"
#include "mask/extract.h"
#include "mask/reference.h"
#include "mask_fixture.h"

namespace samwire {
namespace {

using namespace mask_testing;

std::vector<const MaskKernels*> all_kernels() {
  std::vector<const MaskKernels*> kernels{&portable_mask_kernels()};
  if (&best_mask_kernels() != kernels[0]) kernels.push_back(&best_mask_kernels());
  return kernels;
}

void expect_reference(const MaskSpec& spec, const Field& field, const std::string& what) {
  MaskResult want;
  extract_reference(field.data(), spec, want);
  for (const MaskKernels* kernels : all_kernels()) {
    MaskExtractor extractor(spec, *kernels);
    MaskResult got;
    extractor.extract(field.data(), got);
    EXPECT_EQ(difference(got, want), "") << what << ", " << kernels->name;
    extractor.extract(field.data(), got);
    EXPECT_EQ(difference(got, want), "") << what << ", second time, " << kernels->name;
  }
}

TEST(MaskExtractor, EqualsTheReferenceOnBusyAndBlobFields) {
  unsigned seed = 1;
  for (MaskSpec spec : many_specs()) {
    for (const bool inclusive : {false, true}) {
      spec.inclusive = inclusive;
      spec.threshold = seed % 3 == 0 ? 0.75F : 0.0F;
      spec.stability_offset = seed % 4 == 0 ? 0.0F : 1.0F;
      const std::string what =
          "seed " + std::to_string(seed) + ", frame " + std::to_string(spec.frame_width) + "x" +
          std::to_string(spec.frame_height) + ", grid " + std::to_string(spec.grid_width);
      expect_reference(spec, busy_field(spec, seed), "busy, " + what);
      expect_reference(spec, blob_field(spec, seed), "blobs, " + what);
      ++seed;
    }
  }
}

TEST(MaskExtractor, EqualsTheReferenceOnAnEightKFrame) {
  const MaskSpec spec = sam_spec(7680, 4320);
  const Field field = busy_field(spec, 77);
  MaskResult want;
  extract_reference(field.data(), spec, want);
  MaskResult got;
  MaskExtractor(spec).extract(field.data(), got);
  EXPECT_EQ(difference(got, want), "");
}

TEST(MaskExtractor, EqualsTheReferenceWhereOneCellSpansMoreThan64Rows) {
  const MaskSpec spec = stretch_spec(3, 3, 50, 1500);
  for (unsigned seed = 0; seed < 20; ++seed) {
    expect_reference(spec, busy_field(spec, seed), "seed " + std::to_string(seed));
  }
}

TEST(MaskExtractor, GivesOneRunForAnEmptyMaskAndTwoForAFullOne) {
  const MaskSpec spec = sam_spec(1920, 1080);
  MaskExtractor extractor(spec);
  MaskResult mask;
  extractor.extract(Field(cells(spec), -3).data(), mask);
  EXPECT_EQ(mask.counts, (std::vector<std::uint32_t>{1920 * 1080}));
  EXPECT_EQ(mask.area, 0);
  EXPECT_EQ(mask.box, (std::array<int, 4>{0, 0, 0, 0}));
  EXPECT_EQ(mask.stability, 0);
  extractor.extract(Field(cells(spec), 3).data(), mask);
  EXPECT_EQ(mask.counts, (std::vector<std::uint32_t>{0, 1920 * 1080}));
  EXPECT_EQ(mask.area, 1920 * 1080);
  EXPECT_EQ(mask.box, (std::array<int, 4>{0, 0, 1920, 1080}));
  EXPECT_EQ(mask.stability, 1);
}

TEST(MaskExtractor, CountsALogitAtTheThresholdOnlyWhereInclusive) {
  MaskSpec spec = stretch_spec(16, 16, 100, 60);
  spec.threshold = 0.5F;
  const Field field(cells(spec), 0.5F);
  MaskResult mask;
  MaskExtractor(spec).extract(field.data(), mask);
  EXPECT_EQ(mask.area, 0);
  spec.inclusive = true;
  MaskExtractor(spec).extract(field.data(), mask);
  EXPECT_EQ(mask.area, 6000);
}

TEST(MaskExtractor, StabilityIsTheAreaQuotientAtTheOffsetThresholds) {
  // A ramp along x over 100 columns, one grid column each: -4.95, -4.85, ... 4.95.
  MaskSpec spec = stretch_spec(100, 4, 100, 4);
  Field field(cells(spec));
  for (std::size_t i = 0; i < field.size(); ++i)
    field[i] = 0.1F * static_cast<float>(i % 100) - 4.95F;
  MaskResult mask;
  MaskExtractor(spec).extract(field.data(), mask);
  EXPECT_EQ(mask.area, 50 * 4);
  EXPECT_DOUBLE_EQ(mask.stability, 40.0 / 60.0);
}

TEST(MaskExtractor, LeavesOutEveryPixelThatTouchesANaN) {
  const MaskSpec spec = stretch_spec(8, 8, 80, 80);
  Field field(cells(spec), 1e30F);
  field[3 * 8 + 4] = std::numeric_limits<float>::quiet_NaN();
  MaskResult mask;
  MaskExtractor(spec).extract(field.data(), mask);
  // Cell (4, 3) has its centre at (45, 35) and weight on less than 10 pixels around: 36..53
  // and 26..43.
  EXPECT_EQ(mask.area, 80 * 80 - 20 * 20);
  expect_reference(spec, field, "NaN");
}

TEST(MaskExtractor, EqualsTheReferenceOnNaNAndInfinity) {
  const float odd[] = {
      std::numeric_limits<float>::quiet_NaN(),   std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(),   std::numeric_limits<float>::max(),
      -std::numeric_limits<float>::max(),        std::numeric_limits<float>::denorm_min(),
      -std::numeric_limits<float>::denorm_min(), -0.0F};
  std::mt19937 random(5);
  for (const bool via_input : {true, false}) {
    MaskSpec spec = sam_spec(640, 360);
    spec.via_input = via_input;
    Field field = busy_field(spec, 5);
    for (int i = 0; i < 6000; ++i) field[random() % field.size()] = odd[random() % 8];
    expect_reference(spec, field, "odd values");
    expect_reference(spec, Field(cells(spec), odd[0]), "all NaN");
    expect_reference(spec, Field(cells(spec), odd[1]), "all infinite");
  }
}

TEST(MaskExtractor, DrawsACheckerboardOfCells) {
  const MaskSpec spec = stretch_spec(64, 64, 640, 640);
  Field field(cells(spec));
  for (int i = 0; i < 64 * 64; ++i) field[i] = (i / 64 + i % 64) % 2 == 0 ? 1.0F : -1.0F;
  MaskResult mask;
  MaskExtractor(spec).extract(field.data(), mask);
  EXPECT_NEAR(static_cast<double>(mask.area) / (640 * 640), 0.5, 0.02);
  expect_reference(spec, field, "checkerboard");
}

// Independent of the sampling tables: two full bilinear resizes in double, as torch does them one
// after the other.
std::vector<double> resize(const std::vector<double>& in, int iw, int x0, int y0, int cw, int ch,
                           int ow, int oh) {
  std::vector<double> out(static_cast<std::size_t>(ow) * oh);
  const auto at = [](int i, int from, int to) {
    return std::max(0.0, (i + 0.5) * from / to - 0.5);
  };
  for (int y = 0; y < oh; ++y) {
    const double sy = at(y, ch, oh);
    const int ya = std::min(static_cast<int>(sy), ch - 1);
    const int yb = std::min(ya + 1, ch - 1);
    for (int x = 0; x < ow; ++x) {
      const double sx = at(x, cw, ow);
      const int xa = std::min(static_cast<int>(sx), cw - 1);
      const int xb = std::min(xa + 1, cw - 1);
      const auto pixel = [&](int py, int px) {
        return in[static_cast<std::size_t>(py + y0) * iw + px + x0];
      };
      const double top = pixel(ya, xa) * (1 - sx + xa) + pixel(ya, xb) * (sx - xa);
      const double bottom = pixel(yb, xa) * (1 - sx + xa) + pixel(yb, xb) * (sx - xa);
      out[static_cast<std::size_t>(y) * ow + x] = top * (1 - sy + ya) + bottom * (sy - ya);
    }
  }
  return out;
}

std::size_t differing_pixels(const MaskResult& mask, const std::vector<double>& image, int height) {
  const std::size_t width = image.size() / height;
  std::size_t position = 0;
  std::size_t differing = 0;
  for (std::size_t i = 0; i < mask.counts.size(); ++i) {
    for (std::uint32_t k = 0; k < mask.counts[i]; ++k, ++position) {
      const double value = image[position % height * width + position / height];
      if (std::fabs(value) > 1e-4 && (value > 0) != (i % 2 == 1)) ++differing;
    }
  }
  return differing;
}

TEST(MaskExtractor, DoesBothResizesOfSamOneAfterTheOther) {
  for (const auto& [width, height, tensor, shift] :
       {std::array{640, 411, 1024, 0}, std::array{300, 700, 1024, 100},
        std::array{201, 99, 100, 20}, std::array{500, 500, 33, 0}}) {
    MaskSpec spec = sam_spec(width, height, 256, tensor);
    spec.placement.x = width < height ? shift : 0;
    spec.placement.y = width < height ? 0 : shift;
    const Field field = busy_field(spec, 9);
    const std::vector<double> grid(field.begin(), field.end());
    const std::vector<double> input = resize(grid, 256, 0, 0, 256, 256, tensor, tensor);
    const Placement& p = spec.placement;
    const std::vector<double> image =
        resize(input, tensor, p.x, p.y, p.width, p.height, width, height);
    MaskResult mask;
    MaskExtractor(spec).extract(field.data(), mask);
    EXPECT_EQ(differing_pixels(mask, image, height), 0U) << width << "x" << height;
  }
}

TEST(MaskExtractor, DirectMasksAreCroppedAsNanoSamDoes) {
  struct Case {
    int width, height, placed_width, placed_height, crop_width, crop_height;
  };
  for (const Case& c : {Case{1180, 760, 1024, 659, 256, 164}, Case{1200, 1600, 768, 1024, 192, 256},
                        Case{1920, 1080, 1024, 576, 256, 144}, Case{480, 480, 1024, 1024, 256, 256},
                        Case{5000, 1, 1024, 1, 256, 1}}) {
    MaskSpec spec = sam_spec(c.width, c.height);
    spec.placement.width = c.placed_width;
    spec.placement.height = c.placed_height;
    spec.via_input = false;
    EXPECT_EQ(frame_cells_x(spec).size, c.crop_width);
    EXPECT_EQ(frame_cells_y(spec).size, c.crop_height);
    const Field field = busy_field(spec, 3);
    const std::vector<double> image = resize(std::vector<double>(field.begin(), field.end()), 256,
                                             0, 0, c.crop_width, c.crop_height, c.width, c.height);
    MaskResult mask;
    MaskExtractor(spec).extract(field.data(), mask);
    EXPECT_EQ(differing_pixels(mask, image, c.height), 0U) << c.width << "x" << c.height;
  }
}

TEST(MaskExtractor, DirectMasksOfACentredPlacementUseItsPartOfTheGrid) {
  MaskSpec spec = sam_spec(640, 480, 160, 640);
  spec.via_input = false;
  spec.placement = {0, 80, 640, 480, 640, 640};
  EXPECT_EQ(frame_cells_y(spec).start, 20);
  EXPECT_EQ(frame_cells_y(spec).size, 120);
  Field field(cells(spec), -1);
  for (int y = 20; y < 140; ++y) std::fill_n(field.begin() + y * 160, 160, 1.0F);
  MaskResult mask;
  MaskExtractor(spec).extract(field.data(), mask);
  EXPECT_EQ(mask.area, 640 * 480);
}

TEST(MaskExtractor, RefusesSpecsThatDescribeNoMask) {
  const auto refused = [](auto change) {
    MaskSpec spec = sam_spec(640, 480);
    change(spec);
    try {
      MaskExtractor extractor(spec);
    } catch (const Error& error) {
      return error.code() == "invalid_argument";
    }
    return false;
  };
  EXPECT_TRUE(refused([](MaskSpec& s) { s.grid_width = 0; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.grid_height = 5000; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.frame_width = -1; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.frame_width = s.frame_height = 65535; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.placement = {}; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.placement.x = 1; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.placement.y = -1; }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.threshold = std::nanf(""); }));
  EXPECT_TRUE(refused([](MaskSpec& s) { s.stability_offset = -1; }));
  EXPECT_FALSE(refused([](MaskSpec&) {}));
}

}  // namespace
}  // namespace samwire
