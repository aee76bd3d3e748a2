#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "tensorrt/segmenter.h"

namespace samwire::tensorrt {

using Done = std::function<void(Outcome)>;

// A request with its `done`, or `look` alone.
struct QueuedRequest {
  Request request;
  Done done;
  std::function<void(MemoryOutcome)> look = nullptr;
};

// Requests on their way to the inference thread, first in, first out. Thread-safe.
class RequestQueue {
 public:
  explicit RequestQueue(std::size_t limit) : limit_(limit) {}

  // Throws Error("overloaded") when `limit` requests wait; the request is not taken.
  void push(QueuedRequest request);
  // Waits for it as long as this. Null where none came, or the queue is closed.
  std::optional<QueuedRequest> take_for(std::chrono::microseconds time);
  // Waits for it. Null when the queue is closed.
  std::optional<QueuedRequest> take();
  // No more is given out but by drain(); take() returns.
  void close();
  // What was left when it was closed.
  std::deque<QueuedRequest> drain();

 private:
  std::optional<QueuedRequest> front();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<QueuedRequest> waiting_;
  bool closed_ = false;
};

}  // namespace samwire::tensorrt
