// Files through the real demuxers and decoders: pace, end, loop, broken ones.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "camera/camera.h"
#include "camera_fixture.h"
#include "frame/registry.h"

namespace samwire::test {
namespace {

using Type = CameraEvent::Type;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Makes `frames` frames of 160x120 at 20 a second; with a tone where `audio` is an encoder.
void make_clip(const std::string& path, int frames, const std::string& encoder_and_muxer,
               const std::string& audio = "") {
  const std::string branch =
      audio.empty()
          ? ""
          : "audiotestsrc num-buffers=" + std::to_string(frames * 2) + " ! " + audio + " ! m. ";
  Producer(branch + "videotestsrc pattern=ball num-buffers=" + std::to_string(frames) +
           " ! video/x-raw,format=I420,width=160,height=120,framerate=20/1 ! " + encoder_and_muxer +
           " name=m ! filesink location=\"" + path + "\"")
      .wait_for_end();
}

constexpr const char* kWebm = "vp8enc deadline=1 ! webmmux";

double position_of(Camera& camera, std::uint64_t seq) {
  const FramePtr frame = camera.acquire(FrameWithSeq{seq});
  if (frame == nullptr) return -2;
  FrameRegistry::instance().release(frame->id);
  return frame->position_ms;
}

TEST(CameraFile, PlaysInRealTimeAndEnds) {
  SAMWIRE_NEED("vp8enc", "webmmux", "vp8dec", "uridecodebin");
  TempDir dir;
  const std::string path = dir.file("a clip, \"quoted\" \xC3\xBC.webm");
  make_clip(dir.file("clip.webm"), 20, kWebm);
  std::filesystem::rename(dir.file("clip.webm"), path);
  Recorder recorder;
  CameraOptions options = options_for("file://" + path);
  options.history_ms = 1e9;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait(Type::kEnd, 1)) << recorder.wait_error(1ms);
  const auto frames = recorder.frames();
  ASSERT_EQ(frames.size(), 20u);
  expect_in_time(frames.back().arrived_ms - frames.front().arrived_ms, 950, 300);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_NEAR(position_of(camera, i + 1), static_cast<double>(i) * 50, 1);
    expect_in_time(frames[i].arrived_ms, frames[i].event.timestamp_ms, 100);
  }
  EXPECT_EQ(recorder.all().back().event.type, Type::kEnd);
}

struct LoopCase {
  const char* name;
  std::vector<const char*> elements;
  const char* encoder_and_muxer;
  const char* audio;
};

// Names the case in the test's name.
void PrintTo(const LoopCase& loop, std::ostream* out) { *out << loop.name; }

class CameraFileLoop : public testing::TestWithParam<LoopCase> {};

TEST_P(CameraFileLoop, GoesRoundWithoutAGapWhileSeqGoesOn) {
  for (const char* element : GetParam().elements) SAMWIRE_NEED(element);
  TempDir dir;
  const std::string path = dir.file("clip");
  make_clip(path, 10, GetParam().encoder_and_muxer, GetParam().audio);
  Recorder recorder;
  CameraOptions options = options_for("file://" + path + "?loop=1");
  options.history_ms = 1e9;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(35, 15s))
      << recorder.count(Type::kFrame) << recorder.wait_error(1ms);
  const auto frames = recorder.frames();
  int restarts = 0;
  double longest_gap = 0;
  for (std::size_t i = 1; i < 35; ++i) {
    EXPECT_EQ(frames[i].event.seq, i + 1);
    const double before = position_of(camera, i);
    const double position = position_of(camera, i + 1);
    if (position < before) {
      ++restarts;
      EXPECT_LT(position, 200) << i;  // some containers begin a little above 0
      EXPECT_NEAR(before - position, 450, 1) << "the whole clip is shown before it begins again";
    } else {
      EXPECT_NEAR(position - before, 50, 1) << i;
    }
    longest_gap = std::max(longest_gap, frames[i].arrived_ms - frames[i - 1].arrived_ms);
    EXPECT_GT(frames[i].event.timestamp_ms, frames[i - 1].event.timestamp_ms);
  }
  EXPECT_EQ(restarts, 3);
  RecordProperty("longest_gap_ms", std::to_string(longest_gap));
  expect_in_time(frames[34].arrived_ms - frames[0].arrived_ms, 34 * 50, 300);
  EXPECT_EQ(recorder.count(Type::kEnd) + recorder.count(Type::kError), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Containers, CameraFileLoop,
    testing::Values(
        LoopCase{"webm", {"vp8enc", "webmmux", "vp8dec"}, kWebm, ""},
        LoopCase{"avi", {"jpegenc", "avimux", "jpegdec"}, "jpegenc ! avimux", ""},
        LoopCase{"mp4", {"x264enc", "mp4mux", "avdec_h264"}, "x264enc bframes=2 ! mp4mux", ""},
        LoopCase{"mkvWithSound",
                 {"x264enc", "matroskamux", "vorbisenc", "avdec_h264"},
                 "x264enc tune=zerolatency ! matroskamux",
                 "audioconvert ! vorbisenc"},
        LoopCase{"ogg", {"theoraenc", "oggmux", "theoradec"}, "theoraenc ! oggmux", ""},
        LoopCase{"mpegts",
                 {"x264enc", "mpegtsmux", "tsdemux", "avdec_h264"},
                 "x264enc tune=zerolatency ! mpegtsmux",
                 ""},
        LoopCase{"h264",
                 {"x264enc", "h264parse", "avdec_h264"},
                 "x264enc tune=zerolatency ! video/x-h264,stream-format=byte-stream ! identity",
                 ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CameraFile, OpensAStreamThatCanNotSeekAgain) {
  Recorder recorder;
  CameraOptions options;
  options.pipeline =
      "fakesrc num-buffers=5 sizetype=fixed sizemax=4096 ! "
      "video/x-raw,format=GRAY8,width=64,height=64,framerate=0/1";
  options.loop = true;
  Camera camera(options, recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(20)) << recorder.wait_error(1ms);
  EXPECT_EQ(recorder.frames()[19].event.seq, 20u);
  EXPECT_EQ(recorder.count(Type::kPlaying), 1u);
  camera.close();
}

TEST(CameraFile, ShowsAStillPictureTenTimesASecond) {
  SAMWIRE_NEED("uridecodebin", "jpegenc", "jpegdec");
  TempDir dir;
  const std::string path = dir.file("still.jpg");
  Producer(
      "videotestsrc num-buffers=1 ! video/x-raw,width=160,height=120 ! jpegenc ! filesink "
      "location=\"" +
      path + "\"")
      .wait_for_end();
  Recorder recorder;
  Camera camera(options_for("file://" + path + "?loop=1"), recorder.listener());
  ASSERT_TRUE(recorder.wait_frames(7)) << recorder.wait_error(1ms);
  const auto frames = recorder.frames();
  // The first round may be as short as it is.
  EXPECT_GT(frames[6].arrived_ms - frames[1].arrived_ms, 450);
  EXPECT_EQ(recorder.count(Type::kEnd) + recorder.count(Type::kError), 0u);
}

TEST(CameraFile, ReportsAFileThatIsNotThereOrHoldsNoVideo) {
  SAMWIRE_NEED("uridecodebin", "wavenc", "vp8enc", "webmmux");
  TempDir dir;
  std::ofstream(dir.file("noise.mp4")) << std::string(5000, '\7');
  std::ofstream(dir.file("empty.mp4"));
  Producer("audiotestsrc num-buffers=5 ! wavenc ! filesink location=" + dir.file("tone.wav"))
      .wait_for_end();
  make_clip(dir.file("whole.webm"), 5, kWebm);
  std::filesystem::copy(dir.file("whole.webm"), dir.file("cut.webm"));
  std::filesystem::resize_file(dir.file("cut.webm"), 300);
  for (const char* name : {"none.mp4", "noise.mp4", "empty.mp4", "tone.wav", "cut.webm"}) {
    for (const char* query : {"", "?loop=1"}) {
      Recorder recorder;
      CameraOptions options = options_for("file://" + dir.file(name) + query);
      options.start_deadline = 1s;
      Camera camera(options, recorder.listener());
      const std::string message = recorder.wait_error();
      EXPECT_NE(message, "(no error event)") << name << query;
      EXPECT_EQ(recorder.all().size(), 1u);
      if (std::string(name) == "none.mp4") {
        EXPECT_TRUE(has(message, dir.file(name))) << message;
      }
      EXPECT_FALSE(has(message, ".c(")) << message;
    }
  }
}

}  // namespace
}  // namespace samwire::test
