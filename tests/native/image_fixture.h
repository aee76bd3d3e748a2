#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "image/prepare.h"
#include "picture_fixture.h"

namespace samwire::image_testing {

// prepare() into a buffer whose ends are guarded and whose every float must be written.
inline std::vector<float> prepared(ImagePreparer& preparer, const ImageView& view,
                                   const ImageSpec& spec) {
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

}  // namespace samwire::image_testing
