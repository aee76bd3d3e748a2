#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frame/frame.h"
#include "frame/history.h"

namespace samwire {

// NativeCameraOptions of src/native/types.ts.
struct CameraOptions {
  std::string pipeline;  // gst-launch text without a sink, from pipeline_text()
  FrameKind kind = FrameKind::kPicture;
  bool sync = false;
  bool loop = false;
  double history_ms = 500;
  std::size_t history_bytes = std::size_t{256} << 20;
  double clock_offset_ms = 0;
  std::uint64_t last_seq = 0;  // the first frame gets this + 1
  // Without a first frame by then the camera has failed. Not everything that is wrong with a stream
  // makes an error in GStreamer: decodebin (1.22) now and then swallows that of a damaged file, and
  // a dead device says nothing.
  std::chrono::milliseconds start_deadline{15000};
  // After this long, close() leaves a pipeline that does not stop to its own thread and goes on.
  std::chrono::milliseconds close_deadline{5000};
};

struct CameraEvent {
  // kPlaying comes once, right before the first kFrame. After kEnd or kError nothing more comes.
  enum class Type { kFrame, kPlaying, kEnd, kError };
  Type type = Type::kFrame;
  std::uint64_t seq = 0;
  double timestamp_ms = 0;
  int width = 0;
  int height = 0;
  std::string message;  // kError: one line, passwords masked
};

struct CameraStats {
  std::uint64_t frames = 0;  // since it was opened
  HistoryStats history;
};

class CameraSession;

// One open camera: a thread of its own that builds the pipeline, changes its states and reads its
// bus; GStreamer's threads bring the frames. Any thread may call any method.
//
// Lifetimes. The session (pipeline, history, callback) is shared by this object, the camera's
// thread and the appsink. A pipeline that hangs while it stops (a dead network file system, a
// wedged driver or nvargus daemon) therefore keeps what it needs, and keeps nobody else: its thread
// is detached after close_deadline, and does not hold up the end of the process. Frames that were
// acquired stay valid after everything else is gone.
class Camera {
 public:
  using OnEvent = std::function<void(const CameraEvent&)>;

  // Returns at once; what goes wrong later (parse errors, a missing device) comes as a kError
  // event. `on_event` is called from the camera's threads, one call at a time; it must not throw,
  // and should not block. Throws Error("invalid_argument") for options that make no sense,
  // Error("internal") where no thread can be started.
  Camera(CameraOptions options, OnEvent on_event);
  // As close_async(), and waits for an event that is being delivered, so that what on_event
  // captured may go.
  ~Camera();
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  // The frame asked for, with one more handle in the FrameRegistry: the caller owes one
  // release(frame->id). Null where none matches, and after close.
  FramePtr acquire(const FrameQuery& query);
  // The same without a handle, for the time that the caller holds it.
  FramePtr find(const FrameQuery& query) const;
  CameraStats stats() const;

  // Never blocks. `on_closed` (may be empty) is called once from another thread, when the camera's
  // threads are gone or close_deadline has passed; no event comes after it. On a closed camera it
  // is called right here.
  void close_async(std::function<void()> on_closed);
  // Waits for the same, so at most close_deadline. Not from within on_event.
  void close();
  // Whether the pipeline has stopped and the camera's thread is done. False after a close() that
  // gave up on it, until it has stopped after all.
  bool stopped() const;

 private:
  std::shared_ptr<CameraSession> session_;
};

}  // namespace samwire
