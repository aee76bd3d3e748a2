// 16-bit streams through real pipelines.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "camera_fixture.h"
#include "frame/error.h"
#include "frame/layout.h"
#include "frame/pool.h"
#include "frame/registry.h"
#include "image/prepare.h"

namespace samwire::test {
namespace {

CameraOptions depth_of(const std::string& source, std::optional<int> width = {},
                       std::optional<int> height = {}) {
  const PipelineText text =
      pipeline_text({source, width, height, {}, FrameKind::kDepth},
                    [](const std::string& name) { return elements({name}).at(name); });
  CameraOptions options;
  options.pipeline = text.pipeline;
  options.sync = text.sync;
  options.loop = text.loop;
  options.kind = FrameKind::kDepth;
  return options;
}

// The number at a pixel, in the order of bytes that the frame says.
int unit_at(const Frame& frame, int x, int y) {
  const auto& plane = frame.view.planes[0];
  const std::uint8_t* const at = plane.data + static_cast<std::ptrdiff_t>(y) * plane.stride + 2 * x;
  return frame.view.format == PixelFormat::kGray16LE ? at[1] << 8 | at[0] : at[0] << 8 | at[1];
}

// 37 x 21 numbers that differ in both bytes, and of which each row is another.
int truth(int x, int y) { return (x * 601 + y * 7001 + 257) % 65536; }

void write_raw(const std::string& path, bool little) {
  std::ofstream file(path, std::ios::binary);
  for (int y = 0; y < 21; ++y) {
    for (int x = 0; x < 37; ++x) {
      const int unit = truth(x, y);
      const char bytes[2] = {static_cast<char>(little ? unit : unit >> 8),
                             static_cast<char>(little ? unit >> 8 : unit)};
      file.write(bytes, 2);
    }
    const char padding[2] = {0x55, 0x55};  // GStreamer's rows are multiples of 4 bytes
    file.write(padding, 2);
  }
}

void expect_truth(const FramePtr& frame) {
  ASSERT_NE(frame, nullptr);
  ASSERT_EQ(frame->view.width, 37);
  ASSERT_EQ(frame->view.height, 21);
  for (int y = 0; y < 21; ++y) {
    for (int x = 0; x < 37; ++x) ASSERT_EQ(unit_at(*frame, x, y), truth(x, y)) << x << ", " << y;
  }
}

std::string raw_source(const std::string& path, const std::string& format) {
  return "filesrc location=" + path + " blocksize=1596 ! video/x-raw,format=" + format +
         ",width=37,height=21,framerate=30/1";
}

TEST(DepthCamera, KeepsEachNumberOfEitherByteOrder) {
  const TempDir folder;
  for (const bool little : {true, false}) {
    const std::string path = folder.file(little ? "le" : "be");
    write_raw(path, little);
    Recorder recorder;
    Camera camera(depth_of("gst://" + raw_source(path, little ? "GRAY16_LE" : "GRAY16_BE")),
                  recorder.listener());
    ASSERT_TRUE(recorder.wait_frames(1)) << recorder.wait_error(1ms);
    expect_truth(camera.find(LatestFrame{}));
  }
}

TEST(DepthCamera, PlaysNumberedPngsOf16Bits) {
  SAMWIRE_NEED("pngenc", "pngdec", "multifilesrc");
  const TempDir folder;
  write_raw(folder.file("raw"), false);
  {
    Producer producer(raw_source(folder.file("raw"), "GRAY16_BE") +
                      " ! pngenc ! filesink location=" + folder.file("depth-00007.png"));
    producer.wait_for_end();
  }
  for (const int n : {8, 9}) {
    std::filesystem::copy(folder.file("depth-00007.png"),
                          folder.file("depth-0000" + std::to_string(n) + ".png"));
  }
  Recorder recorder;
  Camera camera(depth_of("file://" + folder.file("depth-%05d.png") + "?start=7&fps=100&loop=1"),
                recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(8)) << recorder.wait_error(1ms);
  expect_truth(camera.find(LatestFrame{}));

  Recorder once;
  Camera ends(depth_of("file://" + folder.file("depth-%05d.png") + "?start=7&fps=100"),
              once.listener());
  EXPECT_TRUE(once.wait(CameraEvent::Type::kEnd, 1)) << once.wait_error(1ms);
}

TEST(DepthCamera, TakesRawNumbersOverSharedMemory) {
  SAMWIRE_NEED("shmsink", "shmsrc");
  const TempDir folder;
  const std::string socket = folder.file("depth");
  Producer producer(
      "videotestsrc is-live=true pattern=white ! video/x-raw,format=GRAY16_LE,width=64,height=48,"
      "framerate=30/1 ! shmsink wait-for-connection=false sync=false shm-size=1000000 "
      "socket-path=" +
      socket);
  while (!std::filesystem::exists(socket)) std::this_thread::sleep_for(10ms);
  Recorder recorder;
  Camera camera(depth_of("shm://" + socket, 64, 48), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(2)) << recorder.wait_error(1ms);
  const FramePtr frame = camera.find(LatestFrame{});
  EXPECT_EQ(frame->view.format, PixelFormat::kGray16LE);
  EXPECT_GT(unit_at(*frame, 30, 20), 50000);
}

TEST(DepthCamera, RefusesPicturesOf8BitsAndSaysWhatCame) {
  Recorder recorder;
  Camera camera(
      depth_of("gst://videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48"),
      recorder.listener());
  const std::string error = recorder.wait_error();
  EXPECT_NE(error.find("16-bit depth"), std::string::npos) << error;
  EXPECT_NE(error.find("NV12"), std::string::npos) << error;
}

TEST(DepthFrames, AreRefusedAsPictures) {
  std::vector<std::uint8_t> bytes(2 * 8 * 6, 1);
  const ImageView view = packed_view(PixelFormat::kGray16LE, 8, 6, bytes.data(), bytes.size());
  std::vector<std::uint8_t> rgb(3 * 8 * 6);
  EXPECT_THROW(to_rgb(view, rgb.data()), Error);
}

TEST(DepthFrames, StayWithTheFrameTheyAreLinkedToUntilItsLastHandleGoes) {
  auto& registry = FrameRegistry::instance();
  FramePool pool;
  std::vector<std::uint8_t> bytes(2 * 8 * 6, 1);
  const auto frame_of = [&](PixelFormat format) {
    const std::size_t size = format == PixelFormat::kGray8 ? 48 : 96;
    return copy_frame(packed_view(format, 8, 6, bytes.data(), size), 1, 0, -1, pool);
  };
  const FramePtr colour = frame_of(PixelFormat::kGray8);
  FramePtr depth = frame_of(PixelFormat::kGray16LE);
  const std::weak_ptr<const Frame> watched = depth;
  EXPECT_FALSE(registry.link(colour->id, depth)) << "a frame without a handle";
  EXPECT_EQ(registry.linked(colour->id), nullptr);
  const std::size_t before = registry.in_use();
  registry.add(colour);
  EXPECT_EQ(registry.linked(colour->id), nullptr);
  EXPECT_TRUE(registry.link(colour->id, depth));
  depth.reset();
  registry.retain(colour->id);
  registry.release(colour->id);
  EXPECT_EQ(registry.in_use(), before + 1);
  ASSERT_NE(registry.linked(colour->id), nullptr);
  EXPECT_FALSE(watched.expired());
  registry.release(colour->id);
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace samwire::test
