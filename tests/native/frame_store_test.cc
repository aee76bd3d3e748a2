#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "frame/error.h"
#include "frame/history.h"
#include "frame/layout.h"
#include "frame/pool.h"
#include "frame/registry.h"

namespace samwire {
namespace {

// A picture whose bytes all differ from their neighbours; rows are `padding` bytes longer than they
// need.
struct Picture {
  Picture(PixelFormat format, int width, int height, int padding) {
    const PlaneSizes sizes = plane_sizes(format, width, height);
    view.format = format;
    view.width = width;
    view.height = height;
    for (int i = 0; i < sizes.count; ++i) {
      const std::size_t stride = sizes.planes[i].row_bytes + static_cast<std::size_t>(padding);
      planes[i].resize(stride * sizes.planes[i].rows);
      for (std::size_t at = 0; at < planes[i].size(); ++at) {
        planes[i][at] =
            static_cast<std::uint8_t>(at * 7 + static_cast<std::size_t>(i) * 31 + at / 251);
      }
      view.planes[i] = {planes[i].data(), static_cast<int>(stride)};
    }
  }
  std::array<std::vector<std::uint8_t>, 3> planes;
  ImageView view;
};

void expect_same_pixels(const ImageView& a, const ImageView& b) {
  ASSERT_EQ(a.width, b.width);
  ASSERT_EQ(a.height, b.height);
  ASSERT_EQ(a.format, b.format);
  const PlaneSizes sizes = plane_sizes(a.format, a.width, a.height);
  for (int i = 0; i < sizes.count; ++i) {
    for (std::size_t row = 0; row < sizes.planes[i].rows; ++row) {
      const std::uint8_t* const left =
          a.planes[i].data + row * static_cast<std::size_t>(a.planes[i].stride);
      const std::uint8_t* const right =
          b.planes[i].data + row * static_cast<std::size_t>(b.planes[i].stride);
      ASSERT_TRUE(std::equal(left, left + sizes.planes[i].row_bytes, right))
          << "plane " << i << " row " << row;
    }
  }
}

FramePtr small_frame(FramePool& pool, std::uint64_t seq, double timestamp_ms) {
  const Picture picture(PixelFormat::kGray8, 64, 64, 0);
  return copy_frame(picture.view, seq, timestamp_ms, -1, pool);
}

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return "nothing thrown";
}

TEST(FrameCopy, KeepsEveryPixelOfEveryFormatAtOddSizesAndStrides) {
  FramePool pool;
  for (const auto format :
       {PixelFormat::kNV12, PixelFormat::kI420, PixelFormat::kYUY2, PixelFormat::kBGRx,
        PixelFormat::kRGBx, PixelFormat::kRGB, PixelFormat::kBGR, PixelFormat::kGray8,
        PixelFormat::kGray16LE, PixelFormat::kGray16BE}) {
    for (const int padding : {0, 1, 64}) {
      Picture picture(format, 67, 35, padding);
      picture.view.matrix = ColorMatrix::kBT709;
      picture.view.range = ColorRange::kFull;
      const FramePtr frame = copy_frame(picture.view, 5, 1000.5, 40, pool);
      SCOPED_TRACE(pixel_format_name(format));
      expect_same_pixels(frame->view, picture.view);
      EXPECT_EQ(frame->seq, 5u);
      EXPECT_EQ(frame->timestamp_ms, 1000.5);
      EXPECT_EQ(frame->position_ms, 40);
      EXPECT_EQ(frame->view.matrix, ColorMatrix::kBT709);
      EXPECT_EQ(frame->view.range, ColorRange::kFull);
    }
  }
}

TEST(FrameCopy, AlignsPlanesAndRowsTo64Bytes) {
  FramePool pool;
  const Picture picture(PixelFormat::kI420, 101, 51, 3);
  const FramePtr frame = copy_frame(picture.view, 1, 0, -1, pool);
  for (const auto& plane : frame->view.planes) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(plane.data) % 64, 0u);
    EXPECT_EQ(plane.stride % 64, 0);
  }
  EXPECT_EQ(frame->size_bytes, 128u * 51 + 2 * 64u * 26);
}

TEST(FrameCopy, RefusesSizesAndStridesThatMakeNoPicture) {
  FramePool pool;
  Picture picture(PixelFormat::kRGB, 8, 8, 0);
  ImageView view = picture.view;
  view.width = 0;
  EXPECT_EQ(code_of([&] { copy_frame(view, 1, 0, -1, pool); }), "invalid_argument");
  view = picture.view;
  view.height = kMaxFrameSide + 1;
  EXPECT_EQ(code_of([&] { copy_frame(view, 1, 0, -1, pool); }), "invalid_argument");
  view = picture.view;
  view.planes[0].stride = 23;
  EXPECT_EQ(code_of([&] { copy_frame(view, 1, 0, -1, pool); }), "invalid_argument");
  view = picture.view;
  view.planes[0].data = nullptr;
  EXPECT_EQ(code_of([&] { copy_frame(view, 1, 0, -1, pool); }), "invalid_argument");
}

TEST(PackedView, FindsThePlanesAndRefusesAnyOtherLength) {
  std::vector<std::uint8_t> data(3 * 3 + 2 * 2 * 2);
  const ImageView view = packed_view(PixelFormat::kI420, 3, 3, data.data(), data.size());
  EXPECT_EQ(view.planes[1].data, data.data() + 9);
  EXPECT_EQ(view.planes[2].data, data.data() + 13);
  EXPECT_EQ(view.planes[2].stride, 2);
  EXPECT_EQ(code_of([&] { packed_view(PixelFormat::kI420, 3, 3, data.data(), data.size() - 1); }),
            "invalid_argument");
}

TEST(PixelFormatNames, GoThereAndBack) {
  for (const char* name :
       {"NV12", "I420", "YUY2", "BGRx", "RGBx", "RGB", "BGR", "GRAY8", "GRAY16_LE", "GRAY16_BE"}) {
    const auto format = pixel_format_of(name);
    ASSERT_TRUE(format) << name;
    EXPECT_STREQ(pixel_format_name(*format), name);
  }
  EXPECT_FALSE(pixel_format_of("nv12"));
}

TEST(FramePool, AllocatesNothingAfterTheFirstFrames) {
  FramePool pool;
  const Picture picture(PixelFormat::kNV12, 320, 240, 0);
  std::vector<FramePtr> held;
  const auto turn = [&](std::uint64_t seq) {
    held.push_back(copy_frame(picture.view, seq, 0, -1, pool));
    if (held.size() > 8) held.erase(held.begin());
  };
  for (std::uint64_t seq = 1; seq <= 20; ++seq) turn(seq);
  const auto warm = pool.allocations();
  for (std::uint64_t seq = 21; seq <= 1000; ++seq) turn(seq);
  EXPECT_EQ(pool.allocations(), warm);
}

TEST(FramePool, KeepsOnlyAFewBlocksWaitingAndTheNewestSize) {
  FramePool pool(3);
  {
    std::vector<FramePtr> held;
    for (int i = 0; i < 10; ++i) held.push_back(small_frame(pool, 1, 0));
    EXPECT_EQ(pool.free_blocks(), 0u);
  }
  EXPECT_EQ(pool.free_blocks(), 3u);
  const Picture larger(PixelFormat::kRGB, 640, 480, 0);
  for (int i = 0; i < 5; ++i) copy_frame(larger.view, 1, 0, -1, pool);
  const auto warm = pool.allocations();
  for (int i = 0; i < 100; ++i) copy_frame(larger.view, 1, 0, -1, pool);
  EXPECT_EQ(pool.allocations(), warm);
  EXPECT_EQ(pool.free_blocks(), 3u);
}

TEST(FramePool, MayGoBeforeItsFrames) {
  FramePtr frame;
  const Picture picture(PixelFormat::kNV12, 320, 240, 5);
  {
    FramePool pool;
    frame = copy_frame(picture.view, 1, 0, -1, pool);
  }
  expect_same_pixels(frame->view, picture.view);
}

TEST(FramePool, ServesManyThreadsAtOnce) {
  FramePool pool;
  const Picture picture(PixelFormat::kNV12, 160, 120, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const FramePtr frame = copy_frame(picture.view, 1, 0, -1, pool);
        expect_same_pixels(frame->view, picture.view);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(pool.free_blocks(), 4u);
}

TEST(FrameRegistry, CountsHandlesAndLetsGoWithTheLastOne) {
  FramePool pool;
  auto& registry = FrameRegistry::instance();
  const auto before = registry.in_use();
  FramePtr frame = small_frame(pool, 1, 0);
  const std::weak_ptr<const Frame> weak = frame;
  const auto id = registry.add(frame);
  EXPECT_EQ(id, frame->id);
  EXPECT_EQ(registry.add(frame), id);
  EXPECT_TRUE(registry.retain(id));
  EXPECT_EQ(registry.in_use(), before + 1);
  frame.reset();
  EXPECT_TRUE(registry.release(id));
  EXPECT_TRUE(registry.release(id));
  EXPECT_EQ(registry.find(id)->seq, 1u);
  EXPECT_TRUE(registry.release(id));
  EXPECT_TRUE(weak.expired());
  EXPECT_FALSE(registry.release(id));
  EXPECT_FALSE(registry.retain(id));
  EXPECT_EQ(registry.find(id), nullptr);
  EXPECT_EQ(registry.in_use(), before);
}

TEST(FrameRegistry, GivesEveryFrameAnIdOfItsOwn) {
  FramePool pool;
  const FramePtr first = small_frame(pool, 1, 0);
  const FramePtr second = small_frame(pool, 1, 0);
  EXPECT_NE(first->id, second->id);
  EXPECT_LT(second->id, std::uint64_t{1} << 53);
  EXPECT_EQ(code_of([] { FrameRegistry::instance().add(nullptr); }), "invalid_argument");
}

TEST(FrameRegistry, ServesManyThreadsAtOnce) {
  FramePool pool;
  auto& registry = FrameRegistry::instance();
  const auto before = registry.in_use();
  const FramePtr depth = small_frame(pool, 1, 0);
  const FramePtr shared = small_frame(pool, 2, 0);
  registry.add(shared);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto id = registry.add(small_frame(pool, 3, 0));
        EXPECT_TRUE(registry.link(id, depth));
        EXPECT_TRUE(registry.retain(shared->id));
        EXPECT_EQ(registry.find(shared->id), shared);
        EXPECT_EQ(registry.linked(id), depth);
        EXPECT_TRUE(registry.release(id));
        EXPECT_EQ(registry.find(id), nullptr);
        EXPECT_TRUE(registry.release(shared->id));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(registry.release(shared->id));
  EXPECT_EQ(registry.in_use(), before);
}

TEST(FrameHistory, IsReadWhileItIsFilled) {
  FramePool pool;
  FrameHistory history(1e9, 20 * small_frame(pool, 1, 0)->size_bytes);
  std::atomic<bool> over{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      std::uint64_t newest = 0;
      while (!over) {
        const FramePtr frame = history.find(LatestFrame{});
        if (frame != nullptr) {
          EXPECT_GE(frame->seq, newest);
          newest = frame->seq;
        }
        static_cast<void>(history.find(FrameNear{static_cast<double>(newest), 3}));
        EXPECT_LE(history.stats().held, 20u);
      }
    });
  }
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    history.push(small_frame(pool, seq, static_cast<double>(seq)), static_cast<double>(seq));
  }
  history.clear();
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(history.stats().held, 0u);
}

TEST(FrameHistory, DropsTheOldestByTimeButNeverTheNewest) {
  FramePool pool;
  FrameHistory history(100, 1 << 30);
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    const double ms = static_cast<double>(seq) * 33;
    history.push(small_frame(pool, seq, 5000 + ms), ms);
  }
  EXPECT_EQ(history.stats().oldest_seq, 7u);
  EXPECT_EQ(history.stats().newest_seq, 10u);
  EXPECT_EQ(history.stats().held, 4u);
  history.push(small_frame(pool, 11, 9000), 4000);
  EXPECT_EQ(history.stats().held, 1u);
  EXPECT_EQ(history.stats().newest_seq, 11u);
}

TEST(FrameHistory, DropsTheOldestByBytesButNeverTheNewest) {
  FramePool pool;
  const std::size_t bytes = small_frame(pool, 1, 0)->size_bytes;
  FrameHistory history(1e9, bytes * 3);
  for (std::uint64_t seq = 1; seq <= 10; ++seq) history.push(small_frame(pool, seq, 0), 0);
  EXPECT_EQ(history.stats().held, 3u);
  EXPECT_EQ(history.stats().held_bytes, bytes * 3);
  EXPECT_EQ(history.stats().oldest_seq, 8u);
  FrameHistory tiny(1e9, 1);
  tiny.push(small_frame(pool, 1, 0), 0);
  EXPECT_EQ(tiny.stats().held, 1u);
}

TEST(FrameHistory, IsNotEmptiedByAStepOfTheWallClock) {
  FramePool pool;
  FrameHistory history(100, 1 << 30);
  history.push(small_frame(pool, 1, 1e12), 0);
  history.push(small_frame(pool, 2, 1e12 - 3600e3), 33);
  history.push(small_frame(pool, 3, 1e12 + 3600e3), 66);
  EXPECT_EQ(history.stats().held, 3u);
  history.push(small_frame(pool, 4, 1e12), 120);
  EXPECT_EQ(history.stats().oldest_seq, 2u);
}

TEST(FrameHistory, FindsByNewestSeqAndNearestTime) {
  FramePool pool;
  FrameHistory history(1e9, 1 << 30);
  EXPECT_EQ(history.find(LatestFrame{}), nullptr);
  EXPECT_EQ(history.stats().oldest_seq, 0u);
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    history.push(small_frame(pool, seq, 1000 + static_cast<double>(seq) * 33), 0);
  }
  EXPECT_EQ(history.find(LatestFrame{})->seq, 5u);
  EXPECT_EQ(history.find(FrameWithSeq{2})->seq, 2u);
  EXPECT_EQ(history.find(FrameWithSeq{6}), nullptr);
  EXPECT_EQ(history.find(FrameNear{1070, 50})->seq, 2u);
  EXPECT_EQ(history.find(FrameNear{1066, 0})->seq, 2u);
  EXPECT_EQ(history.find(FrameNear{1090, 5}), nullptr);
  EXPECT_EQ(history.find(FrameNear{5000, 100}), nullptr);
  history.clear();
  EXPECT_EQ(history.find(LatestFrame{}), nullptr);
  EXPECT_EQ(history.stats().held_bytes, 0u);
}

}  // namespace
}  // namespace samwire
