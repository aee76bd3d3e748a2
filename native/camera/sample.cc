#include "camera/sample.h"

#include <algorithm>
#include <chrono>

#include "camera/gstreamer.h"
#include "frame/error.h"
#include "frame/layout.h"

namespace samwire {
namespace {

double wall_clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

ColorMatrix matrix_of(const GstVideoInfo& info) {
  switch (GST_VIDEO_INFO_COLORIMETRY(&info).matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_BT2020:  // the nearer one of the two that the image code knows
      return ColorMatrix::kBT709;
    case GST_VIDEO_COLOR_MATRIX_BT601:
    case GST_VIDEO_COLOR_MATRIX_FCC:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
      return ColorMatrix::kBT601;
    default:
      return GST_VIDEO_INFO_HEIGHT(&info) > 576 ? ColorMatrix::kBT709 : ColorMatrix::kBT601;
  }
}

// Whether a plane lies within the memory that was mapped for it. gst_video_frame_map compares only
// buffers without GstVideoMeta with their size; with one, it takes the meta's word for strides and
// offsets. Elements with a mapping of their own may not say where their memory is.
bool lies_in_memory(const GstVideoFrame& frame, int plane, const PlaneSize& size) {
  const GstMapInfo& map = frame.map[frame.meta == nullptr ? 0 : plane];
  if (map.memory == nullptr || map.data == nullptr) return true;
  const auto stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
  if (stride < 0 || static_cast<std::size_t>(stride) < size.row_bytes) return false;
  const auto* const begin =
      static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
  const std::size_t needed = static_cast<std::size_t>(stride) * (size.rows - 1) + size.row_bytes;
  return begin >= map.data && begin <= map.data + map.size &&
         needed <= static_cast<std::size_t>(map.data + map.size - begin);
}

}  // namespace

MappedSample::MappedSample(GstSample* sample, const GstVideoInfo& info, FrameKind kind)
    : view_(describe(info, kind)) {
  GstBuffer* const buffer = gst_sample_get_buffer(sample);
  if (buffer == nullptr || !gst_video_frame_map(&frame_, &info, buffer, GST_MAP_READ)) {
    throw Error("device_failed",
                "Expected a buffer of at least " + std::to_string(GST_VIDEO_INFO_SIZE(&info)) +
                    " bytes for a " + std::to_string(view_.width) + "x" +
                    std::to_string(view_.height) + " " + pixel_format_name(view_.format) +
                    " frame, got " +
                    std::to_string(buffer == nullptr ? 0 : gst_buffer_get_size(buffer)) +
                    "; do the camera's format, width and height fit what is sent?");
  }
  view_.width = std::min(view_.width, GST_VIDEO_FRAME_WIDTH(&frame_));
  view_.height = std::min(view_.height, GST_VIDEO_FRAME_HEIGHT(&frame_));
  try {
    take_planes();
  } catch (...) {
    gst_video_frame_unmap(&frame_);
    throw;
  }
}

void MappedSample::take_planes() {
  const PlaneSizes sizes = plane_sizes(view_.format, view_.width, view_.height);
  for (int i = 0; i < sizes.count; ++i) {
    if (!lies_in_memory(frame_, i, sizes.planes[i])) {
      throw Error("device_failed", "Expected buffers with room for " + std::to_string(view_.width) +
                                       "x" + std::to_string(view_.height) + " " +
                                       pixel_format_name(view_.format) +
                                       " frames, got one whose plane " + std::to_string(i) +
                                       " ends behind its memory.");
    }
    view_.planes[i] = {static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, i)),
                       GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, i)};
  }
}

MappedSample::~MappedSample() { gst_video_frame_unmap(&frame_); }

ImageView describe(const GstVideoInfo& info, FrameKind kind) {
  const char* const name = gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info));
  const auto format = pixel_format_of(name == nullptr ? "" : name);
  if (!format || kind_of(*format) != kind) {
    throw Error(
        "device_failed",
        std::string(kind == FrameKind::kDepth
                        ? "Expected 16-bit depth (GRAY16_LE or GRAY16_BE; a PNG with 16-bit "
                          "greys becomes that), got the format "
                        : "Expected raw video in system memory, got the format ") +
            (name == nullptr ? "unknown" : name) + ".");
  }
  ImageView view;
  view.format = *format;
  view.width = GST_VIDEO_INFO_WIDTH(&info);
  view.height = GST_VIDEO_INFO_HEIGHT(&info);
  view.matrix = matrix_of(info);
  view.range = GST_VIDEO_INFO_COLORIMETRY(&info).range == GST_VIDEO_COLOR_RANGE_0_255
                   ? ColorRange::kFull
                   : ColorRange::kLimited;
  return view;
}

SampleTimes sample_times(GstSample* sample, GstElement* sink) {
  SampleTimes times{wall_clock_ms(), -1};
  GstBuffer* const buffer = gst_sample_get_buffer(sample);
  const GstSegment* const segment = gst_sample_get_segment(sample);
  if (buffer == nullptr || segment == nullptr || segment->format != GST_FORMAT_TIME ||
      !GST_BUFFER_PTS_IS_VALID(buffer)) {
    return times;
  }
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  const GstClockTime position = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, pts);
  if (GST_CLOCK_TIME_IS_VALID(position))
    times.position_ms = static_cast<double>(position) / GST_MSECOND;

  const GstClockTime running = gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts);
  const GstPtr<GstClock> clock(gst_element_get_clock(sink));
  if (clock == nullptr || !GST_CLOCK_TIME_IS_VALID(running)) return times;
  const GstClockTimeDiff now =
      GST_CLOCK_DIFF(gst_element_get_base_time(sink), gst_clock_get_time(clock.get()));
  if (now <= 0 || running >= static_cast<GstClockTime>(now)) return times;
  times.timestamp_ms -= static_cast<double>(static_cast<GstClockTime>(now) - running) / GST_MSECOND;
  return times;
}

}  // namespace samwire
