#include "mask/rle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "frame/error.h"
#include "mask/lowres.h"

namespace samwire {
namespace {

using Runs = std::vector<std::uint32_t>;
using Bitmap = std::vector<std::uint8_t>;

// The code of a number from the definition alone: the shortest two's complement of 5-bit digits,
// lowest first.
std::string number(std::int64_t value) {
  int digits = 1;
  while (value < -(std::int64_t{1} << (5 * digits - 1)) || value >= std::int64_t{1}
                                                                        << (5 * digits - 1)) {
    ++digits;
  }
  std::string text;
  for (int d = 0; d < digits; ++d) {
    const auto bits = static_cast<char>((value >> (5 * d)) & 31);
    text += static_cast<char>('0' + bits + (d + 1 < digits ? 32 : 0));
  }
  return text;
}

std::string slow_compress(const Runs& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    text += number(std::int64_t{counts[i]} - (i > 2 ? counts[i - 2] : 0));
  }
  return text;
}

Runs slow_runs(const Bitmap& bitmap, int width, int height) {
  Runs counts{0};
  bool state = false;
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      const bool inside = bitmap[static_cast<std::size_t>(y) * width + x] != 0;
      if (inside != state) counts.push_back(0);
      state = inside;
      ++counts.back();
    }
  }
  return counts;
}

Bitmap random_bitmap(int width, int height, unsigned density, std::mt19937& random) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  for (auto& pixel : bitmap) pixel = random() % 100 < density;
  return bitmap;
}

TEST(Rle, CompressesAsPycocotoolsDoes) {
  // Worked out by hand from the definition. 40 is "X1" (8 | more, 1), 5 - 40 = -35 is "mN", 21 - 5
  // = 16 is "`0".
  EXPECT_EQ(rle_compress(Runs{6, 1, 40, 4, 5, 4, 5, 4, 21}), "61X13mN000`0");
  EXPECT_EQ(rle_compress(Runs{0, 12}), "0<");
  EXPECT_EQ(rle_compress(Runs{12}), "<");
  EXPECT_EQ(rle_compress(Runs{16}), "`0");
  EXPECT_EQ(rle_compress(Runs{}), "");
}

TEST(Rle, CompressesAndDecompressesRandomRuns) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Runs counts{static_cast<std::uint32_t>(random() % 3)};
    const int runs = static_cast<int>(random() % 40);
    for (int i = 0; i < runs; ++i) counts.push_back(1 + (random() >> (8 + random() % 24)));
    std::uint64_t pixels = 0;
    for (const std::uint32_t count : counts) pixels += count;
    if (pixels == 0 || pixels >= 1U << 31) continue;
    // The last run is made longer, so that the pixels fill a rectangle.
    const std::uint64_t height = std::min<std::uint64_t>(pixels, kMaxMaskSide);
    const std::uint64_t width = (pixels + height - 1) / height;
    if (width * height >= 1U << 31) continue;
    counts.back() += static_cast<std::uint32_t>(width * height - pixels);
    const std::string text = rle_compress(counts);
    EXPECT_EQ(text, slow_compress(counts));
    EXPECT_EQ(rle_decompress(text, static_cast<int>(width), static_cast<int>(height)), counts);
  }
}

TEST(Rle, MergesRunsOfLengthZero) {
  EXPECT_EQ(rle_decompress(slow_compress({2, 0, 3, 4}), 3, 3), (Runs{5, 4}));
  EXPECT_EQ(rle_decompress(slow_compress({0, 0, 3, 0, 0, 6, 0}), 3, 3), (Runs{3, 6}));
  EXPECT_EQ(rle_decompress(slow_compress({0, 4, 0, 5, 0, 0}), 3, 3), (Runs{0, 9}));
  EXPECT_EQ(rle_decompress(slow_compress({9, 0, 0}), 3, 3), (Runs{9}));
}

std::string refusal(std::string_view text, int width, int height) {
  try {
    rle_decompress(text, width, height);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "invalid_message");
    return error.what();
  }
  return "accepted";
}

TEST(Rle, SaysWhatIsWrongWithAString) {
  EXPECT_EQ(refusal("6 1", 3, 3),
            "Expected an RLE character from '0' to 'o' at character 1; got 0x20");
  EXPECT_EQ(refusal("6p", 3, 3),
            "Expected an RLE character from '0' to 'o' at character 1; got 'p'");
  EXPECT_EQ(refusal("\xff", 3, 3),
            "Expected an RLE character from '0' to 'o' at character 0; got 0xff");
  EXPECT_EQ(refusal("6X", 3, 30),
            "Expected the rest of a number at character 2; got the end of the RLE");
  EXPECT_EQ(refusal("ooooooo0", 3, 3),
            "Expected a run of at most 7 characters at character 7; got an eighth");
  EXPECT_EQ(refusal("2O", 3, 3),
            "Expected run 1 to be 0 to 7 pixels (what is left of 3 x 3) at character 1; got -1");
  EXPECT_EQ(refusal("28", 3, 3),
            "Expected run 1 to be 0 to 7 pixels (what is left of 3 x 3) at character 1; got 8");
  EXPECT_EQ(refusal("23", 3, 3),
            "Expected runs that sum to 9 pixels (3 x 3) at character 2; got 5 in 2 runs");
  EXPECT_EQ(refusal("", 3, 3),
            "Expected runs that sum to 9 pixels (3 x 3) at character 0; got 0 in 0 runs");
}

TEST(Rle, RefusesSizesThatAreNoPicture) {
  EXPECT_THROW(rle_decompress("1", 0, 5), Error);
  EXPECT_THROW(rle_decompress("1", 5, -1), Error);
  EXPECT_THROW(rle_decompress("1", 65536, 65536), Error);
  EXPECT_THROW(rle_decompress("oooooo1", 1, 2147483647), Error);
  EXPECT_THROW(rle_decompress("oooooo1", 65536, 1), Error);
}

TEST(Rle, NeverReadsBeyondRandomStrings) {
  std::mt19937 random(8);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 12, '\0');
    for (char& c : text) c = static_cast<char>('0' + random() % 64);
    try {
      const Runs counts = rle_decompress(text, 5, 4);
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        sum += counts[i];
        EXPECT_TRUE(i == 0 || counts[i] > 0);
      }
      EXPECT_EQ(sum, 20U);
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "invalid_message");
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Rle, TurnsBitmapsIntoRunsAndBack) {
  std::mt19937 random(4);
  const int sizes[][2] = {{1, 1},  {1, 9},   {9, 1},   {8, 8},    {64, 64},
                          {65, 3}, {3, 130}, {63, 65}, {200, 97}, {127, 129}};
  for (const auto& [width, height] : sizes) {
    for (const unsigned density : {0U, 1U, 30U, 50U, 97U, 100U}) {
      const Bitmap bitmap = random_bitmap(width, height, density, random);
      const MaskResult mask = bitmap_to_rle(bitmap.data(), width, height);
      EXPECT_EQ(mask.counts, slow_runs(bitmap, width, height)) << width << "x" << height;
      Bitmap back(bitmap.size(), 7);
      rle_to_bitmap(mask.counts, width, height, back.data());
      EXPECT_EQ(back, bitmap) << width << "x" << height;
    }
  }
}

TEST(Rle, TakesEveryByteButZeroAsInside) {
  Bitmap bitmap(256);
  for (int i = 0; i < 256; ++i) bitmap[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(bitmap_to_rle(bitmap.data(), 256, 1).counts, (Runs{1, 255}));
  EXPECT_EQ(bitmap_to_rle(bitmap.data(), 1, 256).counts, (Runs{1, 255}));
}

TEST(Rle, MeasuresAreaAndBox) {
  std::mt19937 random(6);
  for (int round = 0; round < 200; ++round) {
    const int width = 1 + static_cast<int>(random() % 70);
    const int height = 1 + static_cast<int>(random() % 70);
    const Bitmap bitmap = random_bitmap(width, height, random() % 4, random);
    std::int64_t area = 0;
    std::array<int, 4> box{width, height, 0, 0};
    for (int i = 0; i < width * height; ++i) {
      if (bitmap[i] == 0) continue;
      ++area;
      box = {std::min(box[0], i % width), std::min(box[1], i / width),
             std::max(box[2], i % width + 1), std::max(box[3], i / width + 1)};
    }
    if (area == 0) box = {0, 0, 0, 0};
    const MaskResult mask = bitmap_to_rle(bitmap.data(), width, height);
    EXPECT_EQ(mask.area, area);
    EXPECT_EQ(mask.box, box);
    EXPECT_EQ(mask.stability, area > 0 ? 1 : 0);
  }
}

// ---- the low-res mask and mask prompts

MaskSpec letterbox(int frame_width, int frame_height, int placed_width, int placed_height) {
  MaskSpec spec;
  spec.frame_width = frame_width;
  spec.frame_height = frame_height;
  spec.placement = {0, 0, placed_width, placed_height, 1024, 1024};
  return spec;
}

TEST(LowResMask, IsTheGridUnderTheFrame) {
  MaskSpec spec = letterbox(1180, 760, 1024, 660);
  std::vector<float> logits(256 * 256, 1.0F);
  logits[5 * 256 + 7] = -1;
  const LowResMask mask = low_res_mask(logits.data(), spec);
  EXPECT_EQ(mask.width, 256);
  EXPECT_EQ(mask.height, 165);
  EXPECT_DOUBLE_EQ(mask.scale_x, 1180 / 256.0);
  EXPECT_DOUBLE_EQ(mask.scale_y, 760 / 165.0);
  EXPECT_EQ(mask.mask.counts, (Runs{0, 7 * 165 + 5, 1, 256 * 165 - 7 * 165 - 6}));
  spec.placement.height = 659;
  spec.via_input = false;
  EXPECT_EQ(low_res_mask(logits.data(), spec).height, 164);
  EXPECT_DOUBLE_EQ(low_res_mask(logits.data(), spec).scale_y, 760 / 164.0);
}

TEST(LowResMask, OfACentredPlacementLeavesThePaddingOut) {
  MaskSpec spec = letterbox(1000, 500, 1024, 512);
  spec.placement.y = 256;
  std::vector<float> logits(256 * 256, 1.0F);
  for (int y = 64; y < 192; ++y) std::fill_n(logits.begin() + y * 256, 256, -1.0F);
  const LowResMask mask = low_res_mask(logits.data(), spec);
  EXPECT_EQ(mask.height, 128);
  EXPECT_EQ(mask.mask.area, 0);
}

TEST(MaskPrompt, IsTheCoverageOfEachCell) {
  // Cells of 4 x 4 tensor pixels = 2 x 2 frame pixels; the frame takes the upper half.
  MaskSpec spec = letterbox(512, 256, 1024, 512);
  Bitmap bitmap(512 * 256);
  bitmap[0] = 1;                                          // a quarter of cell (0, 0)
  bitmap[2] = bitmap[3] = bitmap[514] = bitmap[515] = 1;  // all of cell (1, 0)
  const MaskResult mask = bitmap_to_rle(bitmap.data(), 512, 256);
  std::vector<float> logits(256 * 256);
  rle_to_logits(mask.counts, spec, 20, logits.data());
  EXPECT_FLOAT_EQ(logits[0], -10);
  EXPECT_FLOAT_EQ(logits[1], 20);
  EXPECT_FLOAT_EQ(logits[2], -20);
  rle_to_logits(Runs{0, 512 * 256}, spec, 20, logits.data());
  for (int y = 0; y < 256; ++y) {
    ASSERT_FLOAT_EQ(logits[y * 256], y < 128 ? 20 : -20);
    ASSERT_FLOAT_EQ(logits[y * 256 + 255], y < 128 ? 20 : -20);
  }
}

TEST(MaskPrompt, KeepsTheAreaAtAnyScaleAndPlace) {
  std::mt19937 random(2);
  for (const bool via_input : {true, false}) {
    for (const auto& [width, height] : {std::pair{1920, 1080}, {301, 517}, {40, 30}, {1, 1}}) {
      MaskSpec spec = letterbox(width, height, 1024, 1024);
      if (width > height) spec.placement.height = 1024 * height / width;
      if (height > width) spec.placement.width = 1024 * width / height;
      spec.via_input = via_input;
      const Bitmap bitmap = random_bitmap(width, height, 40, random);
      const MaskResult mask = bitmap_to_rle(bitmap.data(), width, height);
      std::vector<float> logits(256 * 256);
      rle_to_logits(mask.counts, spec, 1, logits.data());
      double cells = 0;
      for (const float logit : logits) cells += (logit + 1) / 2;
      const double cells_of_frame = via_input
                                        ? spec.placement.width * spec.placement.height / 16.0
                                        : (spec.placement.width / 4) * (spec.placement.height / 4);
      EXPECT_NEAR(cells / cells_of_frame, static_cast<double>(mask.area) / (width * height), 1e-4);
    }
  }
}

TEST(MaskPrompt, RefusesRunsOfAnotherSize) {
  std::vector<float> logits(256 * 256);
  const MaskSpec spec = letterbox(512, 256, 1024, 512);
  EXPECT_THROW(rle_to_logits(Runs{7}, spec, 1, logits.data()), Error);
  EXPECT_THROW(rle_to_logits(Runs{512 * 256}, spec, INFINITY, logits.data()), Error);
}

}  // namespace
}  // namespace samwire
