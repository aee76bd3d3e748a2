#include "camera/pipeline_text.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <string>

#include "camera/gstreamer.h"
#include "camera/uri.h"
#include "frame/error.h"

namespace samwire {
namespace {

bool nothing(const std::string&) { return false; }
bool jetson(const std::string& name) {
  return name == "nvarguscamerasrc" || name == "nvvidconv" || name == "nvv4l2decoder";
}

PipelineText on_pc(const std::string& source) {
  return pipeline_text({source, {}, {}, {}}, nothing);
}
PipelineText on_jetson(const std::string& source) {
  return pipeline_text({source, {}, {}, {}}, jetson);
}

// The message of the fault that the URI has, or "" where it has none.
std::string request_fault(const PipelineRequest& request) {
  try {
    pipeline_text(request, nothing);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "invalid_argument");
    return error.what();
  }
  return "";
}
std::string fault(const std::string& source) { return request_fault({source, {}, {}, {}}); }

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The value that GStreamer's own parser gives a string property of the only element of that
// factory, after counting that the pipeline has exactly `expected` elements.
std::string parsed_property(const std::string& pipeline, const std::string& factory,
                            const char* property, int expected) {
  init_gstreamer();
  GError* raw = nullptr;
  GstElement* const parsed = gst_parse_launch_full(with_sink(pipeline, false).c_str(), nullptr,
                                                   GST_PARSE_FLAG_FATAL_ERRORS, &raw);
  const GErrorPtr error(raw);
  if (parsed == nullptr) return std::string("parse error: ") + error->message;
  const GstPtr<GstElement> root(static_cast<GstElement*>(gst_object_ref_sink(parsed)));
  std::string value;
  int elements_found = 0;
  GValue item = G_VALUE_INIT;
  GstIterator* const iterator = gst_bin_iterate_elements(GST_BIN(root.get()));
  while (gst_iterator_next(iterator, &item) == GST_ITERATOR_OK) {
    GstElement* const element = GST_ELEMENT(g_value_get_object(&item));
    ++elements_found;
    if (factory == GST_OBJECT_NAME(gst_element_get_factory(element))) {
      gchar* text = nullptr;
      g_object_get(element, property, &text, nullptr);
      value = text == nullptr ? "" : text;
      g_free(text);
    }
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(iterator);
  EXPECT_EQ(elements_found, expected) << pipeline;
  return value;
}

TEST(PipelineText, MakesALivePatternOfTheWantedSizeAndRate) {
  const PipelineText text = pipeline_text({"test://ball", 640, 480, 29.97}, nothing);
  EXPECT_EQ(text.pipeline,
            "videotestsrc is-live=true pattern=ball ! video/x-raw,format=NV12,width=640,height=480,"
            "framerate=2997/100");
  EXPECT_TRUE(text.live);
  EXPECT_FALSE(text.sync);
  EXPECT_FALSE(text.loop);
  EXPECT_TRUE(has(on_pc("test://pattern").pipeline,
                  "pattern=smpte ! video/x-raw,format=NV12,width=1280,"
                  "height=720,framerate=30/1"));
}

TEST(PipelineText, NamesThePatternsWhereOneIsUnknown) {
  EXPECT_TRUE(has(fault("test://bal"), "ball"));
  EXPECT_NE(fault("test://smpte ! filesink location=/tmp/x"), "");
  EXPECT_NE(fault("test://"), "");
}

TEST(PipelineText, PlaysAFileInRealTimeAndLoopsItOnRequest) {
  const PipelineText once = on_pc("file:///data/clip.mp4");
  EXPECT_EQ(once.pipeline,
            "uridecodebin uri=\"file:///data/clip.mp4\" expose-all-streams=false "
            "caps=\"video/x-raw(ANY)\"");
  EXPECT_TRUE(once.sync);
  EXPECT_FALSE(once.live);
  EXPECT_FALSE(once.loop);
  EXPECT_TRUE(on_pc("file:///data/clip.mp4?loop=1").loop);
  EXPECT_TRUE(on_pc("FILE://localhost/data/clip.mp4?loop=true").loop);
  EXPECT_FALSE(on_pc("file:///data/clip.mp4?loop=0").loop);
  EXPECT_TRUE(
      has(on_jetson("file:///data/clip.mp4").pipeline, " ! nvvidconv ! video/x-raw,format=NV12"));
}

TEST(PipelineText, CarriesAnyFileNameThroughGStreamersParserUnchanged) {
  const std::pair<std::string, std::string> names[] = {
      {"file:///a b/clip.mp4", "file:///a%20b/clip.mp4"},
      {"file:///a%20b/clip.mp4", "file:///a%20b/clip.mp4"},
      {"file:///it's \"q\" \\ x.mp4", "file:///it%27s%20%22q%22%20%5C%20x.mp4"},
      {"file:///h\xC3\xBC"
       "bsch/\xE7\x8C\xAB.mp4",
       "file:///h%C3%BCbsch/%E7%8C%AB.mp4"},
      {"file:///100%25.mp4", "file:///100%25.mp4"},
      {"file:///x ! filesink location=/tmp/y", "file:///x%20%21%20filesink%20location%3D/tmp/y"},
      {"file:///x\" ! fakesink name=\"y", "file:///x%22%20%21%20fakesink%20name%3D%22y"},
  };
  for (const auto& [source, uri] : names) {
    EXPECT_EQ(parsed_property(on_pc(source).pipeline, "uridecodebin", "uri", 3), uri) << source;
  }
}

TEST(PipelineText, CarriesAnyDeviceAndSocketPathThroughGStreamersParserUnchanged) {
  const auto& machine = elements({"v4l2src", "shmsrc"});
  if (!machine.at("v4l2src") || !machine.at("shmsrc"))
    GTEST_SKIP() << "v4l2src or shmsrc is missing";
  const std::string path = "/dev/a b\" ! fakesink name=\"c\\'d !\xC3\xBC";
  EXPECT_EQ(
      parsed_property(on_pc("v4l2://" + path + "?format=mjpeg").pipeline, "v4l2src", "device", 6),
      path);
  EXPECT_EQ(parsed_property(on_pc("v4l2://" + path).pipeline, "v4l2src", "device", 5), path);
  EXPECT_EQ(parsed_property(on_pc("shm://" + path + "?width=8&height=8").pipeline, "shmsrc",
                            "socket-path", 4),
            path);
}

TEST(PipelineText, KeepsLineBreaksAndNulBytesOutOfEverythingButGst) {
  EXPECT_TRUE(has(fault("file:///x\n! fakesink"), "control characters"));
  EXPECT_NE(fault("rtsp://host/x\r\nDESCRIBE"), "");
  EXPECT_NE(fault("v4l2:///dev/video0%0A"), "");
  EXPECT_NE(fault("file:///x%0A! fakesink"), "");
  EXPECT_NE(fault("file:///x%00y"), "");
}

TEST(PipelineText, PlaysNumberedPictures) {
  const PipelineText text = on_pc("file:///a%20b/100%25/%05d.png?fps=15&start=3&loop=1");
  EXPECT_EQ(text.pipeline,
            "multifilesrc location=\"/a b/100%%/%05d.png\" start-index=3 loop=true "
            "caps=\"image/png,framerate=15/1\" ! pngdec");
  EXPECT_TRUE(text.sync);
  EXPECT_TRUE(text.loop);
  EXPECT_FALSE(text.live);
  EXPECT_EQ(pipeline_text({"file:///c/%03d.jpeg", {}, {}, 12.5}, nothing).pipeline,
            "multifilesrc location=\"/c/%03d.jpeg\" start-index=0 loop=false "
            "caps=\"image/jpeg,framerate=25/2\" ! jpegdec");
  EXPECT_TRUE(has(fault("file:///c/%03d.bmp"), ".png, .jpg or .jpeg"));
  EXPECT_TRUE(has(fault("file:///c/%03d"), "%05d"));
  EXPECT_NE(fault("file:///c/%03d/%03d.png"), "");
  EXPECT_NE(fault("file:///c/%01s.png"), "");
  EXPECT_TRUE(has(fault("file:///c/%03d.png?start=x"), "start"));
}

std::string depth_of(const std::string& source) {
  return pipeline_text({source, 64, 48, {}, FrameKind::kDepth}, jetson).pipeline;
}

TEST(PipelineText, AsksForDepthIn16Bits) {
  EXPECT_EQ(depth_of("shm:///tmp/d"),
            "shmsrc socket-path=\"/tmp/d\" is-live=true do-timestamp=true ! "
            "video/x-raw,format=GRAY16_LE,width=64,height=48,framerate=30/1");
  EXPECT_TRUE(has(depth_of("shm:///tmp/d?format=GRAY16_BE"), "format=GRAY16_BE"));
  EXPECT_EQ(depth_of("v4l2:///dev/video2"),
            "v4l2src io-mode=2 device=\"/dev/video2\" ! "
            "video/x-raw,format=(string){GRAY16_LE,GRAY16_BE},width=64,height=48");
  EXPECT_EQ(depth_of("file:///d.png"),
            "uridecodebin uri=\"file:///d.png\" expose-all-streams=false "
            "caps=\"video/x-raw(ANY)\"");
  EXPECT_EQ(depth_of("gst://zedsrc ! queue"), "zedsrc ! queue");
  EXPECT_TRUE(has(with_sink("x", false, FrameKind::kDepth), "x ! appsink name=sink"));
}

TEST(PipelineText, RefusesDepthFromWhatCarriesOnly8Bits) {
  for (const char* source : {"rtsp://h/s", "rtsps://h/s", "csi://0", "shm:///tmp/d?format=RGB",
                             "v4l2:///dev/video0?format=mjpeg", "file:///d/%03d.jpg"}) {
    EXPECT_NE(request_fault({source, 64, 48, {}, FrameKind::kDepth}), "") << source;
  }
  EXPECT_TRUE(has(request_fault({"rtsp://u:s3cret@h/s", {}, {}, {}, FrameKind::kDepth}), "8 bits"));
  EXPECT_FALSE(
      has(request_fault({"rtsp://u:s3cret@h/s", {}, {}, {}, FrameKind::kDepth}), "s3cret"));
  EXPECT_NE(fault("shm:///tmp/d?format=GRAY16_LE&width=4&height=4"), "") << "depth as a picture";
}

TEST(PipelineText, SaysWhatAFileUriLooksLike) {
  EXPECT_TRUE(has(fault("file://clip.mp4"), "file:///var/lib/clip.mp4"));
  EXPECT_TRUE(has(fault("/data/clip.mp4"), "file:///data/clip.mp4"));
  EXPECT_TRUE(has(fault("file:///100%.mp4"), "%25"));
  EXPECT_TRUE(has(fault("file:///a.mp4?lop=1"), "loop"));
  EXPECT_TRUE(has(fault("file:///a.mp4?loop=maybe"), "maybe"));
}

TEST(PipelineText, PullsRtspOverTcpAndLeavesTheCamerasQueryAlone) {
  const PipelineText text =
      on_pc("rtsp://user:p%40ss@10.0.0.5:8554/cam/realmonitor?channel=1&latency=200&subtype=0");
  EXPECT_EQ(
      text.pipeline,
      "rtspsrc location=\"rtsp://user:p%40ss@10.0.0.5:8554/cam/realmonitor?channel=1&subtype=0\" "
      "protocols=tcp tcp-timeout=8000000 latency=200 drop-on-latency=true ! "
      "application/x-rtp,media=video ! decodebin");
  EXPECT_TRUE(text.live);
  EXPECT_FALSE(text.sync);
  EXPECT_TRUE(has(on_pc("rtsps://h/s?a=%20b&c").pipeline, "location=\"rtsps://h/s?a=%20b&c\""));
  EXPECT_TRUE(has(on_pc("rtsp://h/s?latency=80").pipeline, "location=\"rtsp://h/s\" "));
  EXPECT_TRUE(has(on_pc("rtsp://[::1]:8554/s").pipeline, "location=\"rtsp://[::1]:8554/s\""));
  EXPECT_TRUE(
      has(on_jetson("rtsp://h/s").pipeline, "decodebin ! nvvidconv ! video/x-raw,format=NV12"));
  EXPECT_TRUE(has(fault("rtsp://h/s?latency=fast"), "fast"));
  EXPECT_TRUE(has(on_pc("rtsp://h/s").pipeline, " protocols=tcp "));
  EXPECT_TRUE(has(on_pc("rtsp://h/s?transport=udp&a=b").pipeline, "h/s?a=b\" protocols=udp "));
  EXPECT_TRUE(has(fault("rtsp://h/s?transport=http"), "http"));
}

TEST(PipelineText, CarriesRtspUrisThroughGStreamersParserWithoutLettingElementsIn) {
  if (!elements({"rtspsrc"}).at("rtspsrc")) GTEST_SKIP() << "rtspsrc is missing";
  EXPECT_EQ(parsed_property(on_pc("rtsp://u:a\"b\\c%zd@h/s p?x=\" ! fakesink").pipeline, "rtspsrc",
                            "location", 4),
            "rtsp://u:a%22b%5Cc%25zd@h/s%20p?x=%22%20!%20fakesink");
}

TEST(PipelineText, NeverShowsAPasswordInAnError) {
  for (const char* source :
       {"rtsp://user:s3cret@:554", "rtsp://user:s3cret@", "rtsp://user:s3c/ret@host/x",
        "rstp://user:s3cret@h/x", "rtsp://user:s3\"c ret@host:x/y"}) {
    const std::string message = fault(source);
    EXPECT_NE(message, "") << source;
    EXPECT_FALSE(has(message, "s3")) << message;
    EXPECT_FALSE(has(message, "ret@")) << message;
  }
}

TEST(PipelineText, LetsAUsbCameraChooseUnlessAFormatIsNamed) {
  EXPECT_EQ(pipeline_text({"v4l2:///dev/video2", 1280, 720, 30}, nothing).pipeline,
            "v4l2src io-mode=2 device=\"/dev/video2\" ! capsfilter "
            "caps=\"video/x-raw,width=1280,height=720,framerate=(fraction)[147/5,153/5];"
            "image/jpeg,width=1280,height=720,framerate=(fraction)[147/5,153/5]\" ! decodebin");
  EXPECT_EQ(on_pc("v4l2:///dev/video0?format=yuyv").pipeline,
            "v4l2src io-mode=2 device=\"/dev/video0\" ! video/x-raw,format=YUY2");
  EXPECT_EQ(on_pc("v4l2:///dev/video0?format=mjpeg").pipeline,
            "v4l2src io-mode=2 device=\"/dev/video0\" ! image/jpeg ! jpegparse ! jpegdec");
  EXPECT_EQ(
      on_jetson("v4l2:///dev/video0?format=mjpeg").pipeline,
      "v4l2src io-mode=2 device=\"/dev/video0\" ! image/jpeg ! jpegparse ! nvv4l2decoder mjpeg=1 ! "
      "nvvidconv ! video/x-raw,format=NV12");
  EXPECT_TRUE(has(fault("v4l2:///dev/video0?format=h264"), "mjpeg"));
  EXPECT_NE(fault("v4l2://"), "");
}

TEST(PipelineText, TakesCsiCamerasThroughArgusOnJetsonOnly) {
  EXPECT_EQ(
      pipeline_text({"csi://1", 1920, 1080, 30}, jetson).pipeline,
      "nvarguscamerasrc sensor-id=1 ! video/x-raw(memory:NVMM),format=NV12,width=1920,height=1080,"
      "framerate=30/1 ! nvvidconv ! video/x-raw,format=NV12");
  EXPECT_TRUE(has(fault("csi://0"), "nvarguscamerasrc"));
  EXPECT_THROW(on_jetson("csi://"), Error);
  EXPECT_THROW(on_jetson("csi://0 ! fakesink"), Error);
  EXPECT_THROW(on_jetson("csi://99999999999999999999"), Error);
}

TEST(PipelineText, NeedsTheSizeOfSharedMemoryFramesFromTheUriOrBesideIt) {
  const std::string expected =
      "shmsrc socket-path=\"/tmp/cam\" is-live=true do-timestamp=true ! "
      "video/x-raw,format=RGB,width=64,"
      "height=48,framerate=15/1";
  EXPECT_EQ(on_pc("shm:///tmp/cam?format=RGB&width=64&height=48&fps=15").pipeline, expected);
  EXPECT_EQ(pipeline_text({"shm:///tmp/cam?format=RGB", 64, 48, 15}, nothing).pipeline, expected);
  EXPECT_TRUE(has(fault("shm:///tmp/cam"), "width and height"));
  EXPECT_TRUE(has(fault("shm:///tmp/cam?format=RGBA&width=4&height=4"), "NV12"));
  EXPECT_TRUE(has(fault("shm:///tmp/cam?width=4x&height=4"), "whole number"));
}

TEST(PipelineText, TakesAGstPipelineVerbatim) {
  const std::string text = "videotestsrc ! \"video/x-raw, width=64\" ! queue";
  EXPECT_EQ(on_pc("gst://" + text).pipeline, text);
  EXPECT_FALSE(on_pc("gst://" + text).sync);
  EXPECT_NE(fault("gst://  "), "");
}

TEST(PipelineText, NamesTheSchemesWhereOneIsUnknown) {
  const std::string message = fault("http://camera/stream");
  for (const char* scheme :
       {"csi://", "v4l2://", "rtsp://", "file://", "test://", "shm://", "gst://"}) {
    EXPECT_TRUE(has(message, scheme)) << scheme;
  }
  EXPECT_TRUE(has(message, "http://camera/stream"));
  EXPECT_NE(fault(""), "");
  EXPECT_NE(fault("://x"), "");
  EXPECT_NE(fault("a b://x"), "");
}

TEST(PipelineText, RefusesSizesAndRatesThatNoCameraHas) {
  EXPECT_TRUE(has(request_fault({"test://ball", 0, 480, {}}), "width"));
  EXPECT_TRUE(has(request_fault({"test://ball", 640, -1, {}}), "height"));
  EXPECT_TRUE(has(request_fault({"test://ball", 640, 480, 0}), "fps"));
  EXPECT_TRUE(has(request_fault({"test://ball", 640, 480, std::stod("nan")}), "fps"));
}

TEST(MaskPasswords, HidesThemInAnyTextAndNothingElse) {
  EXPECT_EQ(mask_passwords("could not open rtsp://admin:p@ss:w@10.0.0.5:554/a@b for reading"),
            "could not open rtsp://admin:***@10.0.0.5:554/a@b for reading");
  EXPECT_EQ(mask_passwords("rtsp://h:554/x and rtsp://u@h/x"), "rtsp://h:554/x and rtsp://u@h/x");
  EXPECT_EQ(mask_passwords("a://x:1@b c://y:2@d"), "a://x:***@b c://y:***@d");
  EXPECT_EQ(mask_passwords("://"), "://");
}

}  // namespace
}  // namespace samwire
