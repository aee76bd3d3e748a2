#include "camera/build.h"

#include <gst/video/video.h>

#include <string_view>

#include "camera/error_text.h"
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

// A shmsink's buffers say nothing of their format. One that is smaller than what is expected can
// not be mapped; one that is larger would be shown, as stripes. So shared frames have exactly the
// size that their caps ask for: else one side's format, width or height is wrong, or the other
// side's rows are padded.
GstPadProbeReturn check_shared_frame(GstPad* pad, GstPadProbeInfo* info, gpointer expected) {
  const auto* const video = static_cast<const GstVideoInfo*>(expected);
  const gsize got = gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
  if (got == GST_VIDEO_INFO_SIZE(video)) return GST_PAD_PROBE_OK;
  const GstPtr<GstElement> source(gst_pad_get_parent_element(pad));
  if (source != nullptr) {
    GST_ELEMENT_ERROR(
        source.get(), STREAM, FORMAT,
        ("Expected shared frames of %" G_GSIZE_FORMAT
         " bytes, which is %dx%d %s, got one of %" G_GSIZE_FORMAT
         ": format, width and height must be those of the process with the shmsink, and "
         "its rows without padding",
         GST_VIDEO_INFO_SIZE(video), GST_VIDEO_INFO_WIDTH(video), GST_VIDEO_INFO_HEIGHT(video),
         GST_VIDEO_INFO_NAME(video), got),
        (nullptr));
  }
  return GST_PAD_PROBE_DROP;
}

bool is_a(GstElement* element, std::string_view factory_name) {
  GstElementFactory* const factory = gst_element_get_factory(element);
  return factory != nullptr && GST_OBJECT_NAME(factory) == factory_name;
}

// shmsrc has no caps of its own; those of the filter behind it are what the frames are taken for.
void watch_shared_frames(const GValue* item, gpointer) {
  auto* const element = static_cast<GstElement*>(g_value_get_object(item));
  if (!is_a(element, "shmsrc")) return;
  const GstPtr<GstPad> pad(gst_element_get_static_pad(element, "src"));
  const GstPtr<GstPad> peer(gst_pad_get_peer(pad.get()));
  const GstPtr<GstElement> filter(peer == nullptr ? nullptr
                                                  : gst_pad_get_parent_element(peer.get()));
  if (filter == nullptr || !is_a(filter.get(), "capsfilter")) return;
  GstCaps* raw = nullptr;
  g_object_get(filter.get(), "caps", &raw, nullptr);
  const GstCapsPtr caps(raw);
  auto video = std::make_unique<GstVideoInfo>();
  if (caps == nullptr || !gst_caps_is_fixed(caps.get()) ||
      !gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), "video/x-raw") ||
      !gst_video_info_from_caps(video.get(), caps.get())) {
    return;
  }
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER, check_shared_frame, video.release(),
      [](gpointer info) { std::unique_ptr<GstVideoInfo>(static_cast<GstVideoInfo*>(info)); });
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

GstPtr<GstElement> build_pipeline(const CameraOptions& options,
                                  const std::shared_ptr<CameraSession>& session) {
  GError* raw_error = nullptr;
  const std::string text = with_sink(options.pipeline, options.sync, options.kind);
  GstElement* const parsed =
      gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw_error);
  const GErrorPtr error(raw_error);
  GstPtr<GstElement> root(parsed == nullptr
                              ? nullptr
                              : static_cast<GstElement*>(gst_object_ref_sink(GST_OBJECT(parsed))));
  if (root == nullptr || error != nullptr) {
    throw Error("device_failed", parse_error_text(error.get()));
  }
  const GstPtr<GstElement> sink(
      GST_IS_BIN(root.get()) ? gst_bin_get_by_name(GST_BIN(root.get()), "sink") : nullptr);
  if (sink == nullptr || !GST_IS_APP_SINK(sink.get())) {
    throw Error("device_failed",
                "Expected a pipeline without a sink and without an element named \"sink\" (Samwire "
                "adds its own).");
  }
  const std::unique_ptr<GstIterator, decltype(&gst_iterator_free)> parts(
      gst_bin_iterate_recurse(GST_BIN(root.get())), gst_iterator_free);
  gst_iterator_foreach(parts.get(), watch_shared_frames, nullptr);
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
