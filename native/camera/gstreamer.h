#pragma once

#include <gst/gst.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace samwire {

struct GstObjectUnref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <class T>
using GstPtr = std::unique_ptr<T, GstObjectUnref>;

struct GstMessageUnref {
  void operator()(GstMessage* message) const { gst_message_unref(message); }
};
using GstMessagePtr = std::unique_ptr<GstMessage, GstMessageUnref>;

struct GstSampleUnref {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using GstSamplePtr = std::unique_ptr<GstSample, GstSampleUnref>;

struct GstCapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using GstCapsPtr = std::unique_ptr<GstCaps, GstCapsUnref>;

struct GErrorFree {
  void operator()(GError* error) const { g_error_free(error); }
};
using GErrorPtr = std::unique_ptr<GError, GErrorFree>;

struct GFree {
  void operator()(gpointer memory) const { g_free(memory); }
};
using GCharPtr = std::unique_ptr<gchar, GFree>;

// Starts GStreamer once for the process; later calls return at once. The first one of a machine
// builds GStreamer's plugin cache, which takes seconds. Thread-safe. Throws Error("device_failed").
void init_gstreamer();

// As "1.22.0".
std::string gstreamer_version();

// Which of these elements exist on this machine. Throws as init_gstreamer does.
std::map<std::string, bool> elements(const std::vector<std::string>& names);

}  // namespace samwire
