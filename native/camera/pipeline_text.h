#pragma once

#include <functional>
#include <optional>
#include <string>

#include "frame/frame.h"

namespace samwire {

// `source` is a camera URI:
//   csi://N                         Jetson CSI sensor N (needs nvarguscamerasrc)
//   v4l2:///dev/videoN[?format=]    USB camera; format mjpeg or yuyv, else what the camera offers
//   rtsp://..., rtsps://...         H.264, H.265 or MJPEG; `latency=<ms>` (default 50) and
//                                   `transport=tcp|udp` (default tcp) in the query are ours and are
//                                   taken out, everything else in the query is the camera's
//   file:///path[?loop=1]           a video file, played in real time
//   test://PATTERN                  a videotestsrc pattern; `pattern` is smpte
//   shm:///socket?width=&height=    raw frames from a shmsink; also format= (default NV12) and fps=
//   gst://PIPELINE                  gst-launch text without a sink, verbatim
// A path of file:// that has %0Nd (N a digit) and ends in .png, .jpg or .jpeg is a sequence of
// pictures, one number each: ?fps= (default 30) and start= (the first number, default 0).
// Depth comes by the same URIs in 16 bits (shm:// format is GRAY16_LE by default), but not by csi
// and rtsp.
// width, height and fps are what is asked of csi, v4l2, test and shm; rtsp, file and gst streams
// keep their own size and rate.
struct PipelineRequest {
  std::string source;
  std::optional<int> width;
  std::optional<int> height;
  std::optional<double> fps;
  FrameKind kind = FrameKind::kPicture;
};

struct PipelineText {
  std::string pipeline;  // gst-launch text without a sink
  bool sync = false;     // the sink waits for each frame's time (files)
  bool loop = false;
  bool live = true;
};

using HasElement = std::function<bool(const std::string& name)>;

// Pure. Jetson's elements are used where `has_element` knows them, software elsewhere. Nothing in a
// URI other than gst:// can add elements or properties. Throws Error("invalid_argument") that says
// what was expected.
PipelineText pipeline_text(const PipelineRequest& request, const HasElement& has_element);

// The whole pipeline: conversion, only where the stream's format is none of frame/frame.h's, and
// the appsink named "sink", which keeps the newest frame only. Depth is not converted: its numbers
// mean what they are.
std::string with_sink(const std::string& pipeline, bool sync, FrameKind kind = FrameKind::kPicture);

}  // namespace samwire
