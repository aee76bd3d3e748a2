#include <gst/video/gstvideometa.h>

#include <algorithm>
#include <array>

#include "camera/gstreamer.h"
#include "camera/pipeline_text.h"
#include "camera/sample.h"
#include "camera/uri.h"
#include "frame/pool.h"
#include "picture.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

namespace {

constexpr const char* kStarts[] = {"csi://",  "v4l2:///", "rtsp://", "rtsps://", "file:///",
                                   "test://", "shm:///",  "gst://",  "http://",  ""};
// What pipelines of ours are made of; caps have a '/'.
constexpr std::string_view kElements[] = {
    "nvarguscamerasrc", "nvvidconv", "v4l2src",      "capsfilter",    "decodebin",     "jpegparse",
    "nvv4l2decoder",    "jpegdec",   "rtspsrc",      "filesrc",       "videotestsrc",  "shmsrc",
    "multifilesrc",     "pngdec",    "videoconvert", "urisourcebin",  "uridecodebin",  "parsebin",
    "videorate",        "queue",     "qtdemux",      "matroskademux", "rawvideoparse", "pngparse"};

// Without what stands in quotes.
std::string bare(const std::string& pipeline) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    if (quoted && pipeline[i] == '\\') {
      ++i;
    } else if (pipeline[i] == '"') {
      quoted = !quoted;
      out += quoted ? "Q" : "";
    } else if (!quoted) {
      out += pipeline[i];
    }
  }
  hold(!quoted, "quotes in a pipeline close");
  return out;
}

void check_elements(const std::string& pipeline) {
  std::string text = bare(pipeline);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find('!', from), text.size());
    const std::size_t begin = text.find_first_not_of(' ', from);
    const std::string name =
        text.substr(begin, std::min(text.find_first_of(" ,(!", begin), to) - begin);
    hold(name.find('/') != std::string::npos || name == "Q" ||
             std::find(std::begin(kElements), std::end(kElements), name) != std::end(kElements),
         "a URI adds no element to a pipeline");
    from = to + 1;
  }
}

}  // namespace

// A camera's URI to GStreamer's text: nothing in it becomes an element, and no password is told.
FUZZ_TARGET(uri) {
  PipelineRequest request;
  const std::size_t start = in.range(0, std::size(kStarts) - 1);
  const std::uint8_t has = in.byte();
  request.kind = in.flag() ? FrameKind::kDepth : FrameKind::kPicture;
  if (in.flag()) request.width = in.mostly(1, 2000);
  if (in.flag()) request.height = in.mostly(1, 2000);
  if (in.flag()) request.fps = in.mostly_small(100);
  request.source = kStarts[start] + in.text(4096);
  mask_uri(request.source);
  mask_passwords(request.source);
  passwords_in(request.source);
  // A zero byte has a code, which is refused.
  const std::string path = "/" + request.source;
  if (path.find('\0') == std::string::npos) {
    hold(percent_decode(percent_encode_path(path)) == path, "a path comes back from its code");
  }
  PipelineText text;
  if (!accepted([&] {
        text = pipeline_text(request,
                             [&](const std::string& name) { return has >> name.size() % 8 & 1; });
      })) {
    return;
  }
  hold(!with_sink(text.pipeline, text.sync, request.kind).empty(), "there is a pipeline");
  std::string scheme = split_uri(request.source).scheme;
  if (scheme != "gst") check_elements(text.pipeline);
}

// What a camera's driver says of its buffers, true or not: strides, offsets, planes, sizes.
FUZZ_TARGET(sample) {
  static const bool started = [] {
    g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
    g_setenv("GST_DEBUG", "0", TRUE);
    gst_init(nullptr, nullptr);
    // It says what it refuses, by the thousand.
    g_log_set_default_handler([](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
    return true;
  }();
  hold(started, "GStreamer is there");
  constexpr std::array kFormats{GST_VIDEO_FORMAT_NV12,      GST_VIDEO_FORMAT_I420,
                                GST_VIDEO_FORMAT_YUY2,      GST_VIDEO_FORMAT_BGRx,
                                GST_VIDEO_FORMAT_RGB,       GST_VIDEO_FORMAT_GRAY8,
                                GST_VIDEO_FORMAT_GRAY16_LE, GST_VIDEO_FORMAT_P010_10LE};
  const auto format = kFormats[in.range(0, kFormats.size() - 1)];
  const auto kind = in.byte() < 32 ? FrameKind::kDepth : FrameKind::kPicture;
  const int width = in.range(1, 48);
  const int height = in.range(1, 48);
  GstVideoInfo info;
  if (!gst_video_info_set_format(&info, format, width, height)) return;
  const std::size_t bytes =
      in.flag() ? GST_VIDEO_INFO_SIZE(&info) : static_cast<std::size_t>(in.range(1, 8192));
  // Memory that ends where it says, for AddressSanitizer.
  auto* const memory = static_cast<std::uint8_t*>(g_malloc0(bytes));
  GstBuffer* const buffer = gst_buffer_new_wrapped(memory, bytes);
  if (in.flag()) {
    gsize offsets[GST_VIDEO_MAX_PLANES]{};
    gint strides[GST_VIDEO_MAX_PLANES]{};
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(&info); ++i) {
      offsets[i] = in.flag() ? GST_VIDEO_INFO_PLANE_OFFSET(&info, i) : in.raw<std::uint16_t>();
      strides[i] = in.flag() ? GST_VIDEO_INFO_PLANE_STRIDE(&info, i) : in.raw<std::int16_t>();
    }
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, format, in.range(1, 48),
                                   in.range(1, 48), GST_VIDEO_INFO_N_PLANES(&info), offsets,
                                   strides);
  }
  const GstSamplePtr sample(gst_sample_new(buffer, nullptr, nullptr, nullptr));
  gst_buffer_unref(buffer);
  accepted([&] {
    const MappedSample mapped(sample.get(), info, kind);
    const ImageView& view = mapped.view();
    FramePool pool;
    hold(copy_frame(view, 1, 0, 0, pool) != nullptr, "a mapped picture can be copied");
  });
}
