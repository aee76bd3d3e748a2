#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <memory>

#include "camera/camera.h"
#include "camera/gstreamer.h"

namespace samwire {

class CameraSession;

// Parses the pipeline with its sink and connects the sink to the session, which it keeps alive as
// long as the pipeline is. Throws Error("device_failed") with GStreamer's words.
GstPtr<GstElement> build_pipeline(const CameraOptions& options,
                                  const std::shared_ptr<CameraSession>& session);

}  // namespace samwire
