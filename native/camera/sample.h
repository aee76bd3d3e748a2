#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <string>

#include "frame/frame.h"

namespace samwire {

// A sample's picture while it is mapped for reading: the view is valid as long as this object.
// Strides and offsets are the buffer's own (GstVideoMeta) where it has them.
class MappedSample {
 public:
  // Throws Error("device_failed") when the buffer does not hold a picture of its caps.
  MappedSample(GstSample* sample, const GstVideoInfo& info, FrameKind kind = FrameKind::kPicture);
  ~MappedSample();
  MappedSample(const MappedSample&) = delete;
  MappedSample& operator=(const MappedSample&) = delete;

  const ImageView& view() const { return view_; }

 private:
  void take_planes();

  GstVideoFrame frame_{};
  ImageView view_;
};

// Format, matrix and range of raw video caps as an ImageView without planes. Streams that do not
// say their matrix get GStreamer's defaults: BT.601 up to 576 lines, BT.709 above. Throws
// Error("device_failed") for a format that frame.h has not, or that is of the other kind.
ImageView describe(const GstVideoInfo& info, FrameKind kind = FrameKind::kPicture);

struct SampleTimes {
  double timestamp_ms = 0;  // capture, ms since the Unix epoch
  double position_ms = -1;
};

// Capture time: the wall clock now, less the age of the buffer's running time on the pipeline's
// clock. A buffer without a time stamp, or one that is ahead of the clock, was captured now. `sink`
// gives clock and base time.
SampleTimes sample_times(GstSample* sample, GstElement* sink);

}  // namespace samwire
