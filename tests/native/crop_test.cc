#include "image/crop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frame/error.h"
#include "picture_fixture.h"

namespace samwire {
namespace {

std::vector<std::uint8_t> rgb_of(const ImageView& view) {
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(view.width) * view.height * 3);
  to_rgb(view, rgb.data());
  return rgb;
}

Region region(image_testing::Random& random, int width, int height) {
  const int x = image_testing::between(random, 0, width - 1);
  const int y = image_testing::between(random, 0, height - 1);
  return {x, y, image_testing::between(random, 1, width - x),
          image_testing::between(random, 1, height - y)};
}

TEST(Crop, HasTheVeryPixelsOfTheWholeInEveryFormat) {
  image_testing::Random random(11);
  FramePool pool;
  for (const PixelFormat format : image_testing::kFormats) {
    for (int round = 0; round < 12; ++round) {
      const int width = image_testing::between(random, 1, 40);
      const int height = image_testing::between(random, 1, 30);
      const auto picture = image_testing::picture(format, width, height, random);
      const FramePtr whole = copy_frame(picture.view, 7, 1000, 40, pool);
      const Region part = region(random, width, height);
      const FramePtr crop = crop_frame(*whole, part, pool);
      ASSERT_EQ(crop->view.width, part.width);
      ASSERT_EQ(crop->view.height, part.height);
      const auto all = rgb_of(whole->view);
      const auto cut = rgb_of(crop->view);
      for (int y = 0; y < part.height; ++y) {
        const auto from = all.begin() + ((part.y + y) * width + part.x) * 3;
        ASSERT_TRUE(std::equal(from, from + part.width * 3, cut.begin() + y * part.width * 3))
            << "format " << static_cast<int>(format) << ", row " << y << " of the crop at "
            << part.x << ", " << part.y;
      }
    }
  }
}

TEST(Crop, IsAFrameOfItsOwnWithTheTimeOfTheWhole) {
  image_testing::Random random(12);
  FramePool pool;
  const auto picture = image_testing::picture(PixelFormat::kRGB, 8, 6, random);
  const FramePtr whole = copy_frame(picture.view, 7, 1000.5, 40, pool);
  const FramePtr crop = crop_frame(*whole, {2, 1, 3, 4}, pool);
  EXPECT_NE(crop->id, whole->id);
  EXPECT_EQ(crop->seq, 7u);
  EXPECT_EQ(crop->timestamp_ms, 1000.5);
  EXPECT_EQ(crop->position_ms, 40);
}

TEST(Crop, RefusesWhatIsNotWithinTheFrame) {
  image_testing::Random random(13);
  FramePool pool;
  const auto picture = image_testing::picture(PixelFormat::kNV12, 8, 6, random);
  const FramePtr whole = copy_frame(picture.view, 1, 0, -1, pool);
  const Region outside[] = {{-1, 0, 2, 2}, {0, -1, 2, 2}, {0, 0, 0, 2},
                            {0, 0, 2, 0},  {7, 0, 2, 2},  {0, 5, 2, 2}};
  for (const Region& part : outside) {
    try {
      crop_frame(*whole, part, pool);
      FAIL() << "a crop at " << part.x << ", " << part.y << " was made";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.code()), "invalid_argument");
    }
  }
}

}  // namespace
}  // namespace samwire
