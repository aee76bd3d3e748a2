#include "camera/camera.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "camera_fixture.h"
#include "frame/error.h"
#include "frame/registry.h"

namespace samwire::test {
namespace {

using Type = CameraEvent::Type;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Camera, DeliversFramesOfTheWantedSizeWithRisingSeqAndTimesNearNow) {
  Recorder recorder;
  CameraOptions options = options_for("test://ball", 320, 240, 30);
  options.last_seq = 41;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(30));
  EXPECT_EQ(recorder.all().front().event.type, Type::kPlaying);
  EXPECT_EQ(recorder.count(Type::kPlaying), 1u);
  const auto frames = recorder.frames();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto& [event, arrived_ms] = frames[i];
    EXPECT_EQ(event.seq, 42 + i);
    EXPECT_EQ(event.width, 320);
    EXPECT_EQ(event.height, 240);
    EXPECT_LE(event.timestamp_ms, arrived_ms);
    EXPECT_GT(event.timestamp_ms, arrived_ms - 500);
    if (i > 0) {
      EXPECT_GT(event.timestamp_ms, frames[i - 1].event.timestamp_ms);
    }
  }
  const double span = frames.back().event.timestamp_ms - frames.front().event.timestamp_ms;
  EXPECT_NEAR(span / static_cast<double>(frames.size() - 1), 1000.0 / 30, 3);
  const FramePtr frame = camera.acquire(LatestFrame{});
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->view.format, PixelFormat::kNV12);
  EXPECT_TRUE(FrameRegistry::instance().release(frame->id));
}

TEST(Camera, KeepsEveryListedFormatAndConvertsTheOthers) {
  const std::pair<const char*, std::optional<PixelFormat>> formats[] = {
      {"NV12", PixelFormat::kNV12}, {"I420", PixelFormat::kI420},   {"YUY2", PixelFormat::kYUY2},
      {"BGRx", PixelFormat::kBGRx}, {"RGBx", PixelFormat::kRGBx},   {"RGB", PixelFormat::kRGB},
      {"BGR", PixelFormat::kBGR},   {"GRAY8", PixelFormat::kGray8}, {"Y444", std::nullopt},
      {"ARGB", std::nullopt},       {"I420_10LE", std::nullopt}};
  for (const auto& [name, expected] : formats) {
    SCOPED_TRACE(name);
    Recorder recorder;
    Camera camera(
        options_for(
            std::string("gst://videotestsrc is-live=true pattern=red ! video/x-raw,format=") +
            name + ",width=50,height=30"),
        recorder.listener());
    ASSERT_TRUE(recorder.wait_frames(1)) << recorder.wait_error(1ms);
    const FramePtr frame = camera.acquire(LatestFrame{});
    ASSERT_NE(frame, nullptr);
    EXPECT_EQ(frame->view.width, 50);
    EXPECT_EQ(frame->view.height, 30);
    if (expected) {
      EXPECT_EQ(frame->view.format, *expected);
    }
    if (expected == PixelFormat::kRGB) {
      EXPECT_EQ(frame->view.planes[0].data[0], 255);
      EXPECT_EQ(frame->view.planes[0].data[1], 0);
    }
    FrameRegistry::instance().release(frame->id);
  }
}

TEST(Camera, TakesMatrixAndRangeFromTheStreamOrItsSize) {
  struct Case {
    const char* caps;
    ColorMatrix matrix;
    ColorRange range;
  };
  for (const Case& expected :
       {Case{"width=64,height=48", ColorMatrix::kBT601, ColorRange::kLimited},
        Case{"width=1280,height=720", ColorMatrix::kBT709, ColorRange::kLimited},
        Case{"width=64,height=48,colorimetry=bt709", ColorMatrix::kBT709, ColorRange::kLimited},
        Case{"width=1280,height=720,colorimetry=(string)1:4:0:0", ColorMatrix::kBT601,
             ColorRange::kFull}}) {
    SCOPED_TRACE(expected.caps);
    Recorder recorder;
    Camera camera(
        options_for(std::string("gst://videotestsrc is-live=true ! video/x-raw,format=NV12,") +
                    expected.caps),
        recorder.listener());
    ASSERT_TRUE(recorder.wait_frames(1));
    const FramePtr frame = camera.acquire(LatestFrame{});
    EXPECT_EQ(frame->view.matrix, expected.matrix);
    EXPECT_EQ(frame->view.range, expected.range);
    FrameRegistry::instance().release(frame->id);
  }
}

TEST(Camera, SaysWhenAFrameWasCapturedNotWhenItArrived) {
  Recorder recorder;
  Camera camera(
      options_for(
          "gst://videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=4/1 ! "
          "identity sleep-time=120000"),
      recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(4));
  for (const auto& [event, arrived_ms] : recorder.frames()) {
    expect_in_time(arrived_ms - event.timestamp_ms, 120, 5);
  }
}

TEST(Camera, AddsTheClockOffset) {
  Recorder recorder;
  CameraOptions options = options_for("test://black", 64, 48, 30);
  options.clock_offset_ms = -60'000;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(1));
  const auto first = recorder.frames().front();
  expect_in_time(first.arrived_ms - 60'000, first.event.timestamp_ms, 500);
}

TEST(Camera, FollowsAStreamWhoseSizeChanges) {
  Recorder recorder;
  CameraOptions options = options_for(
      "gst://concat name=c videotestsrc num-buffers=5 ! "
      "video/x-raw,format=NV12,width=320,height=240 ! c. "
      "videotestsrc num-buffers=5 ! video/x-raw,format=RGB,width=101,height=77 ! c. c. ! identity");
  options.history_ms = 1e9;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait(Type::kEnd, 1)) << recorder.wait_error(1ms);
  const auto frames = recorder.frames();
  ASSERT_EQ(frames.size(), 10u);
  EXPECT_EQ(frames[4].event.width, 320);
  EXPECT_EQ(frames[5].event.width, 101);
  EXPECT_EQ(frames[9].event.height, 77);
  EXPECT_EQ(frames[9].event.seq, 10u);
  const FramePtr old = camera.acquire(FrameWithSeq{5});
  const FramePtr fresh = camera.acquire(FrameWithSeq{6});
  EXPECT_EQ(old->view.format, PixelFormat::kNV12);
  EXPECT_EQ(fresh->view.format, PixelFormat::kRGB);
  FrameRegistry::instance().release(old->id);
  FrameRegistry::instance().release(fresh->id);
}

TEST(Camera, HoldsTheLastFramesByTimeAndByBytes) {
  Recorder by_time;
  CameraOptions options = options_for("test://black", 64, 48, 50);
  options.history_ms = 200;
  Camera timed(options, by_time.listener());
  ASSERT_TRUE(by_time.wait_frames(40));
  EXPECT_GE(timed.stats().history.held, 6u);
  EXPECT_LE(timed.stats().history.held, 20u) << "of 40; those behind a pause come in a burst";
  EXPECT_GE(timed.stats().frames, 40u);
  EXPECT_EQ(timed.stats().history.newest_seq - timed.stats().history.oldest_seq + 1,
            timed.stats().history.held);

  Recorder by_bytes;
  options.history_ms = 1e9;
  options.history_bytes = 64 * 48 * 3 / 2 * 3 + 100;
  Camera sized(options, by_bytes.listener());
  ASSERT_TRUE(by_bytes.wait_frames(10));
  EXPECT_EQ(sized.stats().history.held, 3u);
  EXPECT_LE(sized.stats().history.held_bytes, options.history_bytes);
}

TEST(Camera, FindsFramesBySeqAndByTime) {
  Recorder recorder;
  CameraOptions options = options_for("test://black", 64, 48, 20);
  options.history_ms = 5000;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(6));
  const auto third = recorder.frames()[2].event;
  const FramePtr by_seq = camera.acquire(FrameWithSeq{third.seq});
  ASSERT_NE(by_seq, nullptr);
  EXPECT_EQ(by_seq->timestamp_ms, third.timestamp_ms);
  const FramePtr by_time = camera.acquire(FrameNear{third.timestamp_ms + 10, 20});
  ASSERT_NE(by_time, nullptr);
  EXPECT_EQ(by_time->id, by_seq->id);
  EXPECT_EQ(FrameRegistry::instance().in_use(), 1u);
  EXPECT_EQ(camera.acquire(FrameNear{third.timestamp_ms - 60'000, 50}), nullptr);
  EXPECT_EQ(camera.acquire(FrameWithSeq{1'000'000}), nullptr);
  EXPECT_TRUE(FrameRegistry::instance().release(by_seq->id));
  EXPECT_TRUE(FrameRegistry::instance().release(by_seq->id));
  EXPECT_FALSE(FrameRegistry::instance().release(by_seq->id));
}

TEST(Camera, ReportsAPipelineThatGStreamerCanNotRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"nosuchelement ! identity", "nosuchelement"},
      {"videotestsrc nosuch=1", "nosuch"},
      {"videotestsrc ! ! identity", "syntax error"},
      {"audiotestsrc", "could not link"},
      {"videotestsrc ! identity name=sink", "sink"}};
  for (const auto& [text, part] : cases) {
    Recorder recorder;
    Camera camera(options_for(std::string("gst://") + text), recorder.listener());
    EXPECT_TRUE(has(recorder.wait_error(), part)) << text << " gave: " << recorder.wait_error();
    EXPECT_EQ(recorder.all().size(), 1u);
    camera.close();
  }
}

TEST(Camera, ReportsADeviceThatDoesNotExist) {
  SAMWIRE_NEED("v4l2src", "decodebin", "jpegdec");
  for (const char* source :
       {"v4l2:///dev/video-none", "v4l2:///dev/video-none?format=mjpeg", "v4l2:///dev/null"}) {
    Recorder recorder;
    Camera camera(options_for(source), recorder.listener());
    const std::string message = recorder.wait_error();
    EXPECT_TRUE(has(message, "/dev/")) << message;
    EXPECT_TRUE(has(message, "(v4l2src)")) << message;
    EXPECT_FALSE(has(message, "\n"));
  }
}

TEST(Camera, ReportsAStreamThatStaysSilent) {
  Recorder recorder;
  CameraOptions options = options_for("gst://videotestsrc is-live=true ! valve drop=true");
  options.start_deadline = 300ms;
  Camera camera(options, recorder.listener());
  EXPECT_TRUE(has(recorder.wait_error(), "within 300 ms"));
}

TEST(Camera, ReportsASilentStreamWhoseElementsTalk) {
  Recorder recorder;
  CameraOptions options = options_for(
      "gst://audiotestsrc is-live=true ! level interval=20000000 ! fakesink "
      "videotestsrc is-live=true ! valve drop=true");
  options.start_deadline = 300ms;
  Camera camera(options, recorder.listener());
  EXPECT_TRUE(has(recorder.wait_error(), "within 300 ms"));
}

TEST(Camera, ReportsBuffersThatAreTooSmallForTheirCaps) {
  TempDir dir;
  const std::string path = dir.file("short.raw");
  Producer(
      "videotestsrc num-buffers=1 ! video/x-raw,format=GRAY8,width=32,height=32 ! filesink "
      "location=" +
      path)
      .wait_for_end();
  Recorder recorder;
  Camera camera(options_for("gst://filesrc location=" + path +
                            " ! video/x-raw,format=GRAY8,width=320,height=320,framerate=0/1"),
                recorder.listener());
  const std::string message = recorder.wait_error();
  EXPECT_TRUE(has(message, "102400") && has(message, "1024")) << message;
}

TEST(Camera, TakesTheArrivalForFramesWithoutATime) {
  TempDir dir;
  const std::string path = dir.file("frames.raw");
  Producer(
      "videotestsrc num-buffers=4 ! video/x-raw,format=GRAY8,width=64,height=64 ! filesink "
      "location=" +
      path)
      .wait_for_end();
  Recorder recorder;
  CameraOptions options =
      options_for("gst://filesrc blocksize=4096 location=" + path +
                  " ! video/x-raw,format=GRAY8,width=64,height=64,framerate=0/1");
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(4)) << recorder.wait_error(1ms);
  for (const auto& [event, arrived_ms] : recorder.frames())
    expect_in_time(arrived_ms, event.timestamp_ms, 50);
  const FramePtr frame = camera.acquire(LatestFrame{});
  EXPECT_EQ(frame->position_ms, -1);
  FrameRegistry::instance().release(frame->id);
}

TEST(Camera, RefusesOptionsThatMakeNoSense) {
  CameraOptions options;
  EXPECT_THROW(Camera(options, {}), Error);
  options.pipeline = "videotestsrc";
  options.history_ms = std::nan("");
  EXPECT_THROW(Camera(options, {}), Error);
}

TEST(GStreamer, TellsItsVersionAndWhichElementsThereAre) {
  EXPECT_EQ(gstreamer_version().substr(0, 2), "1.");
  const auto found = elements({"videotestsrc", "no-such-element"});
  EXPECT_TRUE(found.at("videotestsrc"));
  EXPECT_FALSE(found.at("no-such-element"));
}

}  // namespace
}  // namespace samwire::test
