#include "camera/build.h"

#include <gst/video/video.h>

#include <string_view>

#include "camera/pipeline_text.h"
#include "camera/session.h"
#include "frame/error.h"

#if defined(__SANITIZE_THREAD__)
#define SAMWIRE_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SAMWIRE_TSAN
#endif
#endif
#ifdef SAMWIRE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace samwire {
namespace {

using SessionRef = std::shared_ptr<CameraSession>;

// GStreamer hands the session from thread to thread under locks of GLib's, which are bare futexes:
// ThreadSanitizer does not see them, and is told here.
#ifdef SAMWIRE_TSAN
void taken_over(gpointer session) { __tsan_acquire(session); }
void handed_on(gpointer session) { __tsan_release(session); }
#else
void taken_over(gpointer) {}
void handed_on(gpointer) {}
#endif

GstFlowReturn on_new_sample(GstAppSink* sink, gpointer session) {
  taken_over(session);
  const GstFlowReturn flow = (*static_cast<SessionRef*>(session))->on_sample(sink);
  handed_on(session);
  return flow;
}

void drop_session(gpointer session) {
  taken_over(session);
  std::unique_ptr<SessionRef>(static_cast<SessionRef*>(session));
}

// Tells decoders that rows may be padded (GstVideoMeta). appsink does not say so itself, and
// decoders would copy each picture into tight rows before our own copy.
GstPadProbeReturn answer_allocation(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstQuery* const query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_PAD_PROBE_HANDLED;
}

bool has_property(GstElement* element, const char* name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name) != nullptr;
}

// Decoders that decodebin chooses: two threads each (as many as the machine has cores would take
// them from inference), and Jetson's decoder at its full clock.
void tune_decoder(GstBin*, GstBin*, GstElement* element, gpointer) {
  GstElementFactory* const factory = gst_element_get_factory(element);
  const std::string_view name = factory == nullptr ? "" : GST_OBJECT_NAME(factory);
  if (name.substr(0, 6) == "avdec_" && has_property(element, "max-threads")) {
    g_object_set(element, "max-threads", 2, nullptr);
  }
  if (name == "nvv4l2decoder" && has_property(element, "enable-max-performance")) {
    g_object_set(element, "enable-max-performance", TRUE, nullptr);
  }
}

}  // namespace

GstPtr<GstElement> build_pipeline(const std::string& pipeline, bool sync,
                                  const std::shared_ptr<CameraSession>& session) {
  GError* raw_error = nullptr;
  GstElement* const parsed = gst_parse_launch_full(with_sink(pipeline, sync).c_str(), nullptr,
                                                   GST_PARSE_FLAG_FATAL_ERRORS, &raw_error);
  const GErrorPtr error(raw_error);
  GstPtr<GstElement> root(parsed == nullptr
                              ? nullptr
                              : static_cast<GstElement*>(gst_object_ref_sink(GST_OBJECT(parsed))));
  if (root == nullptr || error != nullptr) {
    throw Error("device_failed", std::string("The camera's pipeline can not be built: ") +
                                     (error == nullptr ? "no reason given" : error->message));
  }
  const GstPtr<GstElement> sink(
      GST_IS_BIN(root.get()) ? gst_bin_get_by_name(GST_BIN(root.get()), "sink") : nullptr);
  if (sink == nullptr || !GST_IS_APP_SINK(sink.get())) {
    throw Error("device_failed",
                "Expected a pipeline without a sink and without an element named \"sink\" (Samwire "
                "adds its own).");
  }
  g_signal_connect(root.get(), "deep-element-added", G_CALLBACK(tune_decoder), nullptr);
  const GstPtr<GstPad> pad(gst_element_get_static_pad(sink.get(), "sink"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_allocation, nullptr,
                    nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = on_new_sample;
  SessionRef* const reference = std::make_unique<SessionRef>(session).release();
  handed_on(reference);
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, reference, drop_session);
  return root;
}

}  // namespace samwire
