#include "camera/camera.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "camera/session.h"
#include "frame/error.h"

namespace samwire {

Camera::Camera(CameraOptions options, OnEvent on_event) {
  if (options.pipeline.empty()) {
    throw Error("invalid_argument", "Expected a camera's pipeline, got an empty text.");
  }
  if (!(options.history_ms >= 0) || !(options.clock_offset_ms == options.clock_offset_ms)) {
    throw Error("invalid_argument",
                "Expected historyMs of at least 0 and a clockOffsetMs that is a number.");
  }
  session_ = std::make_shared<CameraSession>(std::move(options), std::move(on_event));
  session_->start();
}

Camera::~Camera() {
  session_->close_async({});
  session_->silence();
}

FramePtr Camera::acquire(const FrameQuery& query) { return session_->acquire(query); }

FramePtr Camera::find(const FrameQuery& query) const { return session_->find(query); }

CameraStats Camera::stats() const { return session_->stats(); }

bool Camera::stopped() const { return session_->stopped(); }

void Camera::close_async(std::function<void()> on_closed) {
  session_->close_async(std::move(on_closed));
}

void Camera::close() {
  struct Wait {
    std::mutex mutex;
    std::condition_variable done;
    bool closed = false;
  };
  const auto wait = std::make_shared<Wait>();
  close_async([wait] {
    const std::lock_guard lock(wait->mutex);
    wait->closed = true;
    wait->done.notify_all();
  });
  std::unique_lock lock(wait->mutex);
  wait->done.wait(lock, [&] { return wait->closed; });
}

}  // namespace samwire
