// The logits -> bits kernels, run on the CPU, against the CPU's own masks. The launcher reads and
// writes plain memory as if it were the device's, so that AddressSanitizer sees each cell's bounds.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cuda/bits.h"
#include "cuda/mask.h"
#include "cuda/memory.h"
#include "cuda/stream.h"
#include "frame/error.h"
#include "mask/extract.h"
#include "mask/reference.h"
#include "mask/rle.h"
#include "mask_fixture.h"

namespace samwire {
namespace {

using namespace mask_testing;
using cuda::DeviceMask;
using cuda::MaskTask;

class CudaMaskTest : public ::testing::TestWithParam<bool> {
 protected:
  // `logits`: rows of `candidates` planes; as many scores.
  std::vector<DeviceMask> masks_of(const MaskSpec& spec, const Field& logits,
                                   const std::vector<float>& iou, int candidates,
                                   const std::vector<MaskTask>& tasks, float* kept = nullptr) {
    maker.enqueue({logits.data(), iou.data(), candidates, kept, spec, tasks}, stream.get());
    stream.synchronize();
    std::vector<DeviceMask> masks(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) maker.read(static_cast<int>(i), masks[i]);
    return masks;
  }

  void expect_reference(const MaskSpec& spec, const Field& field, const std::string& what) {
    MaskResult want;
    extract_reference(field.data(), spec, want);
    const LowResMask low = low_res_mask(field.data(), spec);
    const std::vector<DeviceMask> got = masks_of(spec, field, {0.5F}, 1, {MaskTask{}});
    EXPECT_EQ(difference(got[0].mask, want), "") << what;
    EXPECT_EQ(difference(got[0].lowres.mask, low.mask), "") << "low resolution, " << what;
    EXPECT_EQ(got[0].lowres.width, low.width);
    EXPECT_EQ(got[0].lowres.height, low.height);
    EXPECT_EQ(got[0].lowres.scale_x, low.scale_x);
    EXPECT_EQ(got[0].lowres.scale_y, low.scale_y);
  }

  cuda::Stream stream{cuda::Priority::kHigh};
  cuda::MaskMaker maker{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, CudaMaskTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Mapped" : "Copied"; });

TEST_P(CudaMaskTest, EqualsTheReferenceOnBusyAndBlobFields) {
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

TEST_P(CudaMaskTest, EqualsTheReferenceAtFullHdAndInPortraitAnd4k) {
  expect_reference(sam_spec(1920, 1080), blob_field(sam_spec(1920, 1080), 3), "full HD");
  MaskSpec portrait = sam_spec(1080, 1921);
  portrait.via_input = false;
  expect_reference(portrait, busy_field(portrait, 4), "portrait");
  expect_reference(sam_spec(3840, 2160), blob_field(sam_spec(3840, 2160), 5), "4K");
}

TEST_P(CudaMaskTest, EqualsTheReferenceAtEveryHeightAroundWholeWords) {
  for (int height = 1; height <= 130; ++height) {
    MaskSpec spec = sam_spec(67, height, 40, 160);
    spec.via_input = height % 2 == 0;
    expect_reference(spec, busy_field(spec, static_cast<unsigned>(height)),
                     "height " + std::to_string(height));
    expect_reference(spec, Field(cells(spec), 2), "full, height " + std::to_string(height));
  }
}

TEST_P(CudaMaskTest, EqualsTheReferenceOnNaNAndInfinity) {
  const float odd[] = {
      std::numeric_limits<float>::quiet_NaN(),   std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(),   std::numeric_limits<float>::max(),
      -std::numeric_limits<float>::max(),        std::numeric_limits<float>::denorm_min(),
      -std::numeric_limits<float>::denorm_min(), -0.0F};
  std::mt19937 random(5);
  for (const bool via_input : {true, false}) {
    for (const bool inclusive : {true, false}) {
      MaskSpec spec = sam_spec(640, 360);
      spec.via_input = via_input;
      spec.inclusive = inclusive;
      Field field = busy_field(spec, 5);
      for (int i = 0; i < 6000; ++i) field[random() % field.size()] = odd[random() % 8];
      expect_reference(spec, field, "odd values");
      for (const float value : odd) expect_reference(spec, Field(cells(spec), value), "all odd");
    }
  }
}

TEST_P(CudaMaskTest, EqualsTheReferenceWhereCellsHugTheThresholds) {
  std::mt19937 random(8);
  for (int i = 0; i < 40; ++i) {
    MaskSpec spec = sam_spec(300, 211, 64, 200);
    spec.via_input = i % 2 == 0;
    spec.inclusive = i % 4 < 2;
    spec.stability_offset = 0.1F * static_cast<float>(i % 5);
    const float base = std::array{1.0F, -1.0F, 0.0F}[i % 3] * spec.stability_offset;
    Field field(cells(spec));
    for (float& value : field)
      value = base * (1 + 1e-7F * static_cast<float>(static_cast<int>(random() % 400) - 200));
    expect_reference(spec, field, "case " + std::to_string(i));
  }
}

TEST_P(CudaMaskTest, EveryTaskTakesItsOwnRowAndPlane) {
  const MaskSpec spec = sam_spec(200, 150, 64, 256);
  constexpr int kRows = 3, kCandidates = 4;
  Field logits;
  std::vector<float> iou;
  std::vector<MaskTask> tasks;
  for (int i = 0; i < kRows * kCandidates; ++i) {
    const Field plane = busy_field(spec, static_cast<unsigned>(i));
    logits.insert(logits.end(), plane.begin(), plane.end());
    iou.push_back(0.01F * static_cast<float>(i));
    tasks.push_back({(i * 5 % 12) / kCandidates, i * 5 % kCandidates, 2, -1});
  }
  const std::vector<DeviceMask> masks = masks_of(spec, logits, iou, kCandidates, tasks);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::size_t plane = tasks[i].row * kCandidates + tasks[i].plane;
    MaskResult want;
    extract_reference(logits.data() + plane * cells(spec), spec, want);
    EXPECT_EQ(difference(masks[i].mask, want), "");
    EXPECT_EQ(masks[i].plane, tasks[i].plane);
    EXPECT_EQ(masks[i].score, iou[plane]);
  }
}

TEST_P(CudaMaskTest, ChoosesTheCandidateThatTheCpuWouldChoose) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  struct Case {
    std::array<float, 4> iou;
    int how, points, plane;
  };
  const Case cases[] = {{{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kBestScore, 1, 0},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kBestScore, 9, 2},
                        {{0.4F, 0.4F, 0.4F, 0.4F}, cuda::kBestScore, 1, 0},
                        {{nan, 0.2F, nan, 0.3F}, cuda::kBestScore, 1, 3},
                        {{nan, nan, nan, nan}, cuda::kBestScore, 1, 0},
                        {{-inf, -inf, inf, 1}, cuda::kBestScore, 1, 2},
                        {{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kOfficial, 1, 2},
                        {{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kOfficial, 2, 2},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kOfficial, 3, 0},
                        {{nan, 0.2F, 0.8F, 0.9F}, cuda::kOfficial, 3, 3},
                        {{0.1F, nan, nan, nan}, cuda::kOfficial, 2, 0},
                        {{0.1F, -499.5F, -499.75F, -501}, cuda::kOfficial, 2, 1}};
  const MaskSpec spec = stretch_spec(4, 4, 8, 8);
  std::vector<float> iou;
  std::vector<MaskTask> tasks;
  Field logits;
  for (const Case& c : cases) {
    iou.insert(iou.end(), c.iou.begin(), c.iou.end());
    tasks.push_back({static_cast<int>(tasks.size()), c.how, c.points, -1});
    // Candidate i covers i columns of the grid.
    for (int i = 0; i < 4; ++i) {
      for (int cell = 0; cell < 16; ++cell) logits.push_back(cell % 4 < i ? 1.0F : -1.0F);
    }
  }
  const std::vector<DeviceMask> masks = masks_of(spec, logits, iou, 4, tasks);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(masks[i].plane, cases[i].plane) << "case " << i;
    EXPECT_EQ(masks[i].lowres.mask.area, 4 * cases[i].plane) << "case " << i;
    const float score = cases[i].iou[cases[i].plane];
    if (std::isnan(score)) {
      EXPECT_TRUE(std::isnan(masks[i].score));
    } else {
      EXPECT_EQ(masks[i].score, score);
    }
  }
}

TEST_P(CudaMaskTest, ChoosesTheBestOfSomeCandidatesAndTheStableOne) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  struct Case {
    std::array<float, 4> iou;
    int how;
    int sure, unsure;  // cells of candidate 0 above delta, and between delta and -delta
    int plane;
  };
  const Case cases[] = {{{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kBestMulti, 9, 0, 3},
                        {{0.9F, 0.3F, 0.8F, 0.3F}, cuda::kBestMulti, 9, 0, 1},
                        {{0.9F, nan, 0.8F, nan}, cuda::kBestMulti, 9, 0, 1},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 9, 3, 0},
                        {{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 8, 3, 3},
                        {{0.9F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 0, 1, 3},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 0, 0, 0},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 2000, 0, 0},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 1500, 500, 0},
                        {{0.1F, 0.2F, 0.8F, 0.3F}, cuda::kStable, 1499, 500, 3}};
  const MaskSpec spec = stretch_spec(50, 40, 8, 8);
  const cuda::MaskChoice choice{0b1010, 0.5F, 0.75F};
  std::vector<float> iou;
  std::vector<MaskTask> tasks;
  Field logits;
  for (const Case& c : cases) {
    iou.insert(iou.end(), c.iou.begin(), c.iou.end());
    tasks.push_back({static_cast<int>(tasks.size()), c.how, 1, -1});
    for (int cell = 0; cell < 2000; ++cell) {
      const float unsure = cell % 3 == 0 ? 0.5F : cell % 3 == 1 ? -0.4F : 0.F;
      const float outside = cell % 2 == 0 ? -0.5F : nan;
      logits.push_back(cell < c.sure ? 0.6F : cell < c.sure + c.unsure ? unsure : outside);
    }
    logits.insert(logits.end(), std::size_t{3} * 2000, 1.F);
  }
  maker.enqueue({logits.data(), iou.data(), 4, nullptr, spec, tasks, choice}, stream.get());
  stream.synchronize();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    DeviceMask mask;
    maker.read(static_cast<int>(i), mask);
    EXPECT_EQ(mask.plane, cases[i].plane) << "case " << i;
  }
}

TEST_P(CudaMaskTest, KeepsLogitsWithinALimit) {
  const MaskSpec spec = stretch_spec(2, 2, 8, 8);
  const float inf = std::numeric_limits<float>::infinity();
  const Field logits{40, -40, inf, 31.5F, std::numeric_limits<float>::quiet_NaN(), -inf, 32, -2};
  const float iou[] = {1, 1};
  const MaskTask tasks[] = {{0, 0, 1, 1}, {0, 1, 1, 0}};
  Field kept(8, 0);
  maker.enqueue({logits.data(), iou, 2, kept.data(), spec, tasks, {}, 32}, stream.get());
  stream.synchronize();
  EXPECT_TRUE(std::isnan(kept[0]));
  kept[0] = 0;
  EXPECT_EQ(kept, (Field{0, -32, 32, -2, 32, -32, 32, 31.5F}));
}

TEST_P(CudaMaskTest, TheChosenLogitsAreKeptInTheirSlotsAndNowhereElse) {
  const MaskSpec spec = stretch_spec(37, 23, 64, 48);
  Field logits;
  for (unsigned i = 0; i < 4; ++i) {
    const Field plane = busy_field(spec, i);
    logits.insert(logits.end(), plane.begin(), plane.end());
  }
  Field kept(5 * cells(spec), -77);
  masks_of(spec, logits, {0.1F, 0.9F, 0.8F, 0.2F}, 2,
           {{0, cuda::kBestScore, 1, 3}, {1, 1, 1, 0}, {1, 0, 1, -1}}, kept.data());
  const auto plane = [&](const Field& from, std::size_t index) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(index * cells(spec));
    return Field(begin, begin + static_cast<std::ptrdiff_t>(cells(spec)));
  };
  EXPECT_EQ(plane(kept, 3), plane(logits, 1));
  EXPECT_EQ(plane(kept, 0), plane(logits, 3));
  for (const std::size_t other : {1, 2, 4}) EXPECT_EQ(plane(kept, other), Field(cells(spec), -77));
}

TEST_P(CudaMaskTest, AllocatesNothingAfterReserve) {
  const MaskSpec spec = sam_spec(640, 480);
  maker.reserve(8, spec);
  const std::size_t before = cuda::memory_stats().allocations;
  const Field field = blob_field(spec, 1);
  masks_of(spec, field, {1}, 1, std::vector<MaskTask>(8));
  MaskSpec other = spec;
  other.threshold = 0.5F;  // tables depend on sizes alone
  masks_of(other, field, {1}, 1, std::vector<MaskTask>(3));
  EXPECT_EQ(cuda::memory_stats().allocations, before);
  masks_of(spec, field, {1}, 1, std::vector<MaskTask>(9));
  EXPECT_GT(cuda::memory_stats().allocations, before);
}

TEST_P(CudaMaskTest, ServesFramesOfManySizesInTurn) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10; ++i) {
      const MaskSpec spec = sam_spec(50 + 31 * i, 300 - 23 * i, 64, 256);
      expect_reference(spec, blob_field(spec, static_cast<unsigned>(i)), std::to_string(i));
    }
  }
}

TEST_P(CudaMaskTest, RefusesTasksAndSpecsThatDescribeNoMask) {
  const MaskSpec spec = stretch_spec(8, 8, 16, 16);
  const Field field(cells(spec), 1);
  const float iou = 0;
  const auto code = [&](const MaskSpec& s, MaskTask task) -> std::string {
    try {
      maker.enqueue({field.data(), &iou, 1, nullptr, s, {&task, 1}}, stream.get());
      stream.synchronize();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  EXPECT_EQ(code(spec, {}), "none");
  EXPECT_EQ(code(spec, {0, 1, 1, -1}), "invalid_argument");
  EXPECT_EQ(code(spec, {0, -3, 1, -1}), "invalid_argument");
  EXPECT_EQ(code(spec, {0, -4, 1, -1}), "invalid_argument");
  EXPECT_EQ(code(spec, {-1, 0, 1, -1}), "invalid_argument");
  EXPECT_EQ(code(spec, {0, 0, 1, 0}), "invalid_argument");
  MaskSpec wrong = spec;
  wrong.grid_width = 0;
  EXPECT_EQ(code(wrong, {}), "invalid_argument");
  DeviceMask mask;
  EXPECT_THROW(maker.read(1, mask), Error);
  maker.enqueue({field.data(), &iou, 1, nullptr, spec, {}}, stream.get());
  EXPECT_THROW(maker.read(0, mask), Error);
}

TEST(CudaBitsTest, RunsOfBitsAreThoseOfTheBitmap) {
  std::mt19937 random(11);
  for (int i = 0; i < 400; ++i) {
    const int width = 1 + static_cast<int>(random() % 70);
    const int height = i % 3 == 0 ? 32 * (1 + static_cast<int>(random() % 4))
                                  : 1 + static_cast<int>(random() % 200);
    const unsigned rarity = 1 + random() % 9;
    const bool stripes = random() % 2 == 0;
    std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width) * height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const unsigned r = stripes ? static_cast<unsigned>(x * 7 / 9 + y / 23) : random();
        bitmap[static_cast<std::size_t>(y) * width + x] = r % rarity == 0;
      }
    }
    const MaskResult want = bitmap_to_rle(bitmap.data(), width, height);
    const int words = (height + 31) / 32;
    // What lies outside of the box is nonsense: it may not be read.
    std::vector<std::uint32_t> bits(static_cast<std::size_t>(width) * words, 0xDEADBEEF);
    for (int x = want.box[0]; x < want.box[2]; ++x) {
      for (int w = want.box[1] / 32; w < (want.box[3] + 31) / 32; ++w) {
        std::uint32_t& word = bits[static_cast<std::size_t>(x) * words + w];
        word = 0;
        for (int y = 32 * w; y < height && y < 32 * w + 32; ++y)
          word |= static_cast<std::uint32_t>(bitmap[static_cast<std::size_t>(y) * width + x])
                  << (y - 32 * w);
      }
    }
    std::vector<std::uint32_t> counts;
    cuda::runs_of_bits({bits.data(), words, width, height}, want.box, counts);
    ASSERT_EQ(counts, want.counts) << width << "x" << height;
  }
}

}  // namespace
}  // namespace samwire
