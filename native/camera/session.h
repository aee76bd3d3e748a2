#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "camera/camera.h"
#include "camera/gstreamer.h"
#include "frame/pool.h"

namespace samwire {

// What a Camera shares with its threads. The pipeline belongs to the camera's thread alone (a local
// of run()); the appsink's callbacks hold a reference to the session, the session holds none to the
// pipeline.
class CameraSession : public std::enable_shared_from_this<CameraSession> {
 public:
  CameraSession(CameraOptions options, Camera::OnEvent on_event);

  void start();
  FramePtr acquire(const FrameQuery& query) const;
  FramePtr find(const FrameQuery& query) const;
  CameraStats stats() const;
  bool stopped();
  void close_async(std::function<void()> on_closed);
  // No event is being delivered when this returns, and none will be. From within an event it
  // returns at once.
  void silence();

  // Called by the appsink on a thread of GStreamer's.
  GstFlowReturn on_sample(GstAppSink* sink);

 private:
  enum class Next { kGoOn, kOver, kRebuild };

  void run();
  Next play(GstPtr<GstElement> pipeline);
  Next begin(GstElement* pipeline);
  Next handle(GstElement* pipeline, GstMessage* message);
  Next handle_end(GstElement* pipeline);
  // Keeps a looped file from going round faster than anybody looks.
  void await_round();
  void handle_error(GstElement* pipeline, GstMessagePtr message);

  void deliver(GstSample* sample, GstElement* sink);
  void emit(const CameraEvent& event);
  void fail(const std::string& message);
  std::string masked(std::string text) const;
  void finish_close(std::thread worker);

  const CameraOptions options_;
  const Camera::OnEvent on_event_;
  const std::vector<std::string> passwords_;
  FrameHistory history_;
  std::atomic<std::uint64_t> frames_{0};

  // Used by the one thread at a time that brings the frames.
  FramePool pool_;
  GstCapsPtr caps_;
  GstVideoInfo info_{};
  std::uint64_t seq_;

  // Used by the camera's thread.
  double start_by_ms_ = 0;
  double round_began_ms_ = 0;
  std::uint64_t frames_at_rewind_ = 0;

  // Recursive, so that on_event may close its own camera.
  std::recursive_mutex event_mutex_;
  bool playing_ = false;
  bool over_ = false;  // nothing more is delivered

  std::mutex close_mutex_;
  std::condition_variable stopped_;
  std::thread worker_;
  GstPtr<GstBus> bus_;  // to wake the camera's thread
  bool worker_done_ = false;
  bool closed_ = false;
  std::atomic<bool> closing_{false};
  std::vector<std::function<void()>> on_closed_;
};

}  // namespace samwire
