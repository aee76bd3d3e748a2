#pragma once

#include <cuda_runtime_api.h>

#include <utility>

namespace samwire::cuda {

enum class Priority { kLow, kHigh };

// A non-blocking stream. Move-only.
class Stream {
 public:
  explicit Stream(Priority priority);
  ~Stream();
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;

  cudaStream_t get() const noexcept { return stream_; }
  // Blocks the thread (it sleeps, cudaDeviceScheduleBlockingSync); throws as check().
  void synchronize() const;

 private:
  cudaStream_t stream_ = nullptr;
};

// A point in a stream's work. With timing, elapsed_ms() measures between two of them.
class Event {
 public:
  explicit Event(bool timing);
  ~Event();
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;

  void record(const Stream& stream);
  // Work that `stream` gets from now on waits for this event.
  void wait_on(const Stream& stream) const;
  void synchronize() const;
  // True when the work before it is done. Does not wait; throws as check().
  bool is_done() const;
  float elapsed_ms_since(const Event& start) const;
  cudaEvent_t get() const noexcept { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace samwire::cuda
