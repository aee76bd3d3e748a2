#include "camera/session.h"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "camera/build.h"
#include "camera/sample.h"
#include "camera/uri.h"
#include "frame/error.h"
#include "frame/registry.h"

namespace samwire {
namespace {

// A file that has been rewound this often without a frame has none.
constexpr int kMaxEmptyRewinds = 20;
// Shorter passwords are masked within URIs only: as bare text they would be found in ordinary
// words.
constexpr std::size_t kMinBarePassword = 4;
constexpr GstClockTime kBusWait = 500 * GST_MSECOND;
constexpr GstClockTime kSecondErrorWait = 50 * GST_MSECOND;

double steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

bool seek_to_start(GstElement* pipeline, int flags) {
  return gst_element_seek(pipeline, 1.0, GST_FORMAT_TIME, static_cast<GstSeekFlags>(flags),
                          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, GST_CLOCK_TIME_NONE) == TRUE;
}

bool has_demuxer(GstElement* pipeline) {
  GstIterator* const elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
  GValue found = G_VALUE_INIT;
  const auto is_demuxer = [](gconstpointer item, gconstpointer) -> gint {
    GstElement* const element = GST_ELEMENT(g_value_get_object(static_cast<const GValue*>(item)));
    GstElementFactory* const factory = gst_element_get_factory(element);
    const bool demuxer = factory != nullptr && gst_element_factory_list_is_type(
                                                   factory, GST_ELEMENT_FACTORY_TYPE_DEMUXER);
    return demuxer ? 0 : 1;
  };
  const bool any = gst_iterator_find_custom(elements, is_demuxer, &found, nullptr) == TRUE;
  if (any) g_value_unset(&found);
  gst_iterator_free(elements);
  return any;
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
      seq_(options_.last_seq),
      try_segments_(options_.loop) {}

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
    while (play(build_pipeline(options_.pipeline, options_.sync, shared_from_this())) ==
           Next::kRebuild) {
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
    if (message != nullptr) {
      next = handle(pipeline.get(), message.get());
    } else if (frames_ == 0 && steady_ms() > start_by_ms_) {
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
  // A loop begins when the first frame waits in the sink (ASYNC_DONE), everything else at once.
  const GstStateChangeReturn changed =
      gst_element_set_state(pipeline, try_segments_ ? GST_STATE_PAUSED : GST_STATE_PLAYING);
  if (changed == GST_STATE_CHANGE_FAILURE) {
    const GstPtr<GstBus> bus(gst_element_get_bus(pipeline));
    GstMessagePtr error(gst_bus_timed_pop_filtered(bus.get(), kSecondErrorWait, GST_MESSAGE_ERROR));
    if (error != nullptr) {
      handle_error(pipeline, std::move(error));
    } else {
      fail("GStreamer could not start the camera's pipeline, and gave no reason.");
    }
    return Next::kOver;
  }
  return try_segments_ && changed != GST_STATE_CHANGE_ASYNC ? begin_loop(pipeline) : Next::kGoOn;
}

CameraSession::Next CameraSession::handle(GstElement* pipeline, GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      handle_error(pipeline, GstMessagePtr(gst_message_ref(message)));
      return Next::kOver;
    case GST_MESSAGE_EOS:
      return handle_end(pipeline, /*segment_done=*/false);
    case GST_MESSAGE_SEGMENT_DONE:
      return handle_end(pipeline, /*segment_done=*/true);
    case GST_MESSAGE_ASYNC_DONE:
      return try_segments_ ? begin_loop(pipeline) : Next::kGoOn;
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

CameraSession::Next CameraSession::handle_end(GstElement* pipeline, bool segment_done) {
  const std::uint64_t frames = frames_;
  empty_rewinds_ = frames == frames_at_rewind_ ? empty_rewinds_ + 1 : 0;
  frames_at_rewind_ = frames;
  if (!options_.loop || empty_rewinds_ > kMaxEmptyRewinds) {
    if (frames == 0) {
      fail("The stream ended before its first frame.");
    } else {
      CameraEvent event;
      event.type = CameraEvent::Type::kEnd;
      emit(event);
    }
    return Next::kOver;
  }
  if (segment_done && seek_to_start(pipeline, GST_SEEK_FLAG_SEGMENT)) return Next::kGoOn;
  const int flags = segments_ ? GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT : GST_SEEK_FLAG_FLUSH;
  if (seek_to_start(pipeline, flags)) return Next::kGoOn;
  segments_ = false;
  return Next::kRebuild;
}

// Segment seeks go round without a flush: what is decoded already is still shown, and the clock
// runs on. They take a demuxer; the parsers of bare H.264 and the like lose the time from one round
// to the next (1.22).
CameraSession::Next CameraSession::begin_loop(GstElement* pipeline) {
  try_segments_ = false;
  if (has_demuxer(pipeline)) {
    segments_ = seek_to_start(pipeline, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT);
    // A demuxer that refuses (mpegts) has let the flush begin, and the pipeline hangs. A change of
    // state to begin anew would not do: what gst_parse_launch linked when a pad appeared, it does
    // not link again.
    if (!segments_) return Next::kRebuild;
  }
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  return Next::kGoOn;
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
    const MappedSample mapped(sample, info_);
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

FramePtr CameraSession::acquire(const FrameQuery& query) {
  if (closing_) return nullptr;
  FramePtr frame = history_.find(query);
  if (frame != nullptr) FrameRegistry::instance().add(frame);
  return frame;
}

CameraStats CameraSession::stats() const { return {frames_, history_.stats()}; }

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
