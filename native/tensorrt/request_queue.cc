#include "tensorrt/request_queue.h"

#include <string>
#include <utility>

#include "frame/error.h"

namespace samwire::tensorrt {

void RequestQueue::push(QueuedRequest request) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= limit_) {
      throw Error("overloaded", std::to_string(limit_) + " requests wait for the model already");
    }
    waiting_.push_back(std::move(request));
  }
  changed_.notify_one();
}

std::optional<QueuedRequest> RequestQueue::take_for(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return !closed_ && !waiting_.empty(); });
  return front();
}

std::optional<QueuedRequest> RequestQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  return front();
}

std::optional<QueuedRequest> RequestQueue::front() {
  if (closed_ || waiting_.empty()) return std::nullopt;
  std::optional<QueuedRequest> request(std::move(waiting_.front()));
  waiting_.pop_front();
  return request;
}

void RequestQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::deque<QueuedRequest> RequestQueue::drain() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

}  // namespace samwire::tensorrt
