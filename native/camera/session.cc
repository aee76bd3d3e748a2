#include "camera/session.h"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "camera/build.h"
#include "camera/error_text.h"
#include "camera/sample.h"
#include "camera/uri.h"
#include "frame/error.h"
#include "frame/registry.h"

namespace samwire {
namespace {

// Shorter passwords are masked within URIs only: as bare text they would be found in ordinary
// words.
constexpr std::size_t kMinBarePassword = 4;
constexpr GstClockTime kBusWait = 500 * GST_MSECOND;
constexpr GstClockTime kSecondErrorWait = 50 * GST_MSECOND;
// A still picture ends as soon as it begins.
constexpr double kShortestRoundMs = 100;

double steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// "Internal data stream error": the element that stopped, not the one that knows why.
bool is_consequence(GstMessage* message) {
  GError* raw = nullptr;
  gst_message_parse_error(message, &raw, nullptr);
  const GErrorPtr error(raw);
  return g_error_matches(error.get(), GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) == TRUE;
}

}  // namespace

CameraSession::CameraSession(CameraOptions options, Camera::OnEvent on_event)
    : options_(std::move(options)),
      on_event_(std::move(on_event)),
      passwords_(passwords_in(options_.pipeline)),
      history_(options_.history_ms, options_.history_bytes),
      seq_(options_.last_seq) {}

void CameraSession::start() {
  try {
    worker_ = std::thread([self = shared_from_this()] { self->run(); });
  } catch (const std::system_error& error) {
    throw Error("internal",
                std::string("No thread for a camera could be started: ") + error.what());
  }
}

void CameraSession::run() {
  pthread_setname_np(pthread_self(), "samwire-camera");
  try {
    init_gstreamer();
    start_by_ms_ = steady_ms() + static_cast<double>(options_.start_deadline.count());
    while (play(build_pipeline(options_, shared_from_this())) == Next::kRebuild) {
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
  const std::lock_guard lock(close_mutex_);
  worker_done_ = true;
  stopped_.notify_all();
}

CameraSession::Next CameraSession::play(GstPtr<GstElement> pipeline) {
  const GstPtr<GstBus> bus(gst_element_get_bus(pipeline.get()));
  {
    const std::lock_guard lock(close_mutex_);
    bus_.reset(static_cast<GstBus*>(gst_object_ref(bus.get())));
  }
  Next next = closing_ ? Next::kOver : begin(pipeline.get());
  while (next == Next::kGoOn && !closing_) {
    const GstMessagePtr message(gst_bus_timed_pop(bus.get(), kBusWait));
    if (message != nullptr) next = handle(pipeline.get(), message.get());
    // Messages or none: elements may talk for ever without bringing a frame.
    if (next == Next::kGoOn && frames_ == 0 && steady_ms() > start_by_ms_) {
      fail("No frame came within " + std::to_string(options_.start_deadline.count()) +
           " ms of opening.");
      next = Next::kOver;
    }
  }
  {
    const std::lock_guard lock(close_mutex_);
    bus_.reset();
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return closing_ ? Next::kOver : next;
}

CameraSession::Next CameraSession::begin(GstElement* pipeline) {
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) {
    return Next::kGoOn;
  }
  const GstPtr<GstBus> bus(gst_element_get_bus(pipeline));
  GstMessagePtr error(gst_bus_timed_pop_filtered(bus.get(), kSecondErrorWait, GST_MESSAGE_ERROR));
  if (error != nullptr) {
    handle_error(pipeline, std::move(error));
  } else {
    fail("GStreamer could not start the camera's pipeline, and gave no reason.");
  }
  return Next::kOver;
}

CameraSession::Next CameraSession::handle(GstElement* pipeline, GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      handle_error(pipeline, GstMessagePtr(gst_message_ref(message)));
      return Next::kOver;
    case GST_MESSAGE_EOS:
      return handle_end(pipeline);
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency(GST_BIN(pipeline));
      return Next::kGoOn;
    case GST_MESSAGE_CLOCK_LOST:
      gst_element_set_state(pipeline, GST_STATE_PAUSED);
      gst_element_set_state(pipeline, GST_STATE_PLAYING);
      return Next::kGoOn;
    default:
      return Next::kGoOn;
  }
}

void CameraSession::handle_error(GstElement* pipeline, GstMessagePtr message) {
  if (is_consequence(message.get())) {
    const GstPtr<GstBus> bus(gst_element_get_bus(pipeline));
    while (GstMessage* const next =
               gst_bus_timed_pop_filtered(bus.get(), kSecondErrorWait, GST_MESSAGE_ERROR)) {
      GstMessagePtr other(next);
      if (!is_consequence(other.get())) {
        message = std::move(other);
        break;
      }
    }
  }
  fail(error_text(message.get()));
}

// The end comes when the last frame's time is over, so a flushing seek goes round without losing or
// stretching a frame (measured: 9 to 35 ms more between the rounds of 1080p H.264, two busy x86
// cores). Segment seeks would not flush, but GStreamer 1.22 begins their next round at the time of
// the last frame (webm, mp4, avi), or refuses (mpegts).
CameraSession::Next CameraSession::handle_end(GstElement* pipeline) {
  const std::uint64_t frames = frames_;
  if (frames == frames_at_rewind_) {
    fail(frames == 0 ? "The stream ended before its first frame."
                     : "The stream has no frames when it is played again.");
    return Next::kOver;
  }
  if (!options_.loop) {
    CameraEvent event;
    event.type = CameraEvent::Type::kEnd;
    emit(event);
    return Next::kOver;
  }
  frames_at_rewind_ = frames;
  await_round();
  // A stream that can not seek is opened again. A change of state would not do: what
  // gst_parse_launch linked when a pad appeared, it does not link a second time.
  return gst_element_seek_simple(pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0) == TRUE
             ? Next::kGoOn
             : Next::kRebuild;
}

void CameraSession::await_round() {
  const double left_ms = round_began_ms_ + kShortestRoundMs - steady_ms();
  if (left_ms > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(left_ms));
  round_began_ms_ = steady_ms();
}

GstFlowReturn CameraSession::on_sample(GstAppSink* sink) {
  const GstSamplePtr sample(gst_app_sink_try_pull_sample(sink, 0));
  if (sample == nullptr || closing_) return GST_FLOW_OK;
  try {
    deliver(sample.get(), GST_ELEMENT(sink));
    return GST_FLOW_OK;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(sink, STREAM, DECODE, ("%s", error.what()), (nullptr));
    return GST_FLOW_ERROR;
  }
}

void CameraSession::deliver(GstSample* sample, GstElement* sink) {
  GstCaps* const caps = gst_sample_get_caps(sample);
  if (caps == nullptr)
    throw Error("device_failed", "Expected raw video, got buffers without caps.");
  if (caps != caps_.get()) {
    if (!gst_video_info_from_caps(&info_, caps)) {
      const GCharPtr text(gst_caps_to_string(caps));
      throw Error("device_failed", std::string("Expected raw video, got ") + text.get() + ".");
    }
    caps_.reset(gst_caps_ref(caps));
  }
  const SampleTimes times = sample_times(sample, sink);
  FramePtr frame;
  {
    const MappedSample mapped(sample, info_, options_.kind);
    frame = copy_frame(mapped.view(), seq_ + 1, times.timestamp_ms + options_.clock_offset_ms,
                       times.position_ms, pool_);
  }
  ++seq_;
  ++frames_;
  history_.push(frame, steady_ms());

  const std::lock_guard lock(event_mutex_);
  CameraEvent event;
  if (!playing_) {
    playing_ = true;
    event.type = CameraEvent::Type::kPlaying;
    emit(event);
  }
  event.type = CameraEvent::Type::kFrame;
  event.seq = frame->seq;
  event.timestamp_ms = frame->timestamp_ms;
  event.width = frame->view.width;
  event.height = frame->view.height;
  emit(event);
}

void CameraSession::emit(const CameraEvent& event) {
  const std::lock_guard lock(event_mutex_);
  if (over_ || closing_) return;
  over_ = event.type == CameraEvent::Type::kEnd || event.type == CameraEvent::Type::kError;
  if (on_event_) on_event_(event);
}

void CameraSession::fail(const std::string& message) {
  CameraEvent event;
  event.type = CameraEvent::Type::kError;
  event.message = masked(message);
  emit(event);
}

std::string CameraSession::masked(std::string text) const {
  text = mask_passwords(text);
  for (const std::string& password : passwords_) {
    if (password.size() < kMinBarePassword) continue;
    for (std::size_t at = text.find(password); at != std::string::npos;
         at = text.find(password, at + 3)) {
      text.replace(at, password.size(), "***");
    }
  }
  return text;
}

FramePtr CameraSession::acquire(const FrameQuery& query) const {
  FramePtr frame = find(query);
  if (frame != nullptr) FrameRegistry::instance().add(frame);
  return frame;
}

FramePtr CameraSession::find(const FrameQuery& query) const {
  return closing_ ? nullptr : history_.find(query);
}

CameraStats CameraSession::stats() const { return {frames_, history_.stats()}; }

bool CameraSession::stopped() {
  const std::lock_guard lock(close_mutex_);
  return worker_done_;
}

void CameraSession::silence() {
  const std::lock_guard lock(event_mutex_);
  over_ = true;
}

void CameraSession::close_async(std::function<void()> on_closed) {
  std::unique_lock lock(close_mutex_);
  if (closed_) {
    lock.unlock();
    if (on_closed) on_closed();
    return;
  }
  if (on_closed) on_closed_.push_back(std::move(on_closed));
  if (closing_.exchange(true)) return;
  if (bus_ != nullptr)
    gst_bus_post(bus_.get(),
                 gst_message_new_application(nullptr, gst_structure_new_empty("samwire-close")));
  // Shared, since the thread's function has to outlive a failure to start it.
  const auto worker = std::make_shared<std::thread>(std::move(worker_));
  lock.unlock();
  try {
    std::thread([self = shared_from_this(), worker] {
      self->finish_close(std::move(*worker));
    }).detach();
  } catch (const std::system_error&) {
    finish_close(std::move(*worker));
  }
}

void CameraSession::finish_close(std::thread worker) {
  std::unique_lock lock(close_mutex_);
  const bool stopped =
      stopped_.wait_for(lock, options_.close_deadline, [this] { return worker_done_; });
  lock.unlock();
  if (stopped && worker.get_id() != std::this_thread::get_id()) {
    worker.join();
  } else {
    worker.detach();
  }
  silence();
  history_.clear();
  lock.lock();
  closed_ = true;
  const auto callbacks = std::move(on_closed_);
  lock.unlock();
  for (const auto& callback : callbacks) callback();
}

}  // namespace samwire
