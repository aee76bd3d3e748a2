#include "cuda/stream.h"

#include "cuda/error.h"

namespace samwire::cuda {

Stream::Stream(Priority priority) {
  int lowest = 0, highest = 0;
  check(cudaDeviceGetStreamPriorityRange(&lowest, &highest), "Asking for stream priorities");
  check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking,
                                     priority == Priority::kHigh ? highest : lowest),
        "Making a stream");
}

Stream::~Stream() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void Stream::synchronize() const {
  check(cudaStreamSynchronize(stream_), "Waiting for the device");
}

Event::Event(bool timing) {
  check(cudaEventCreateWithFlags(
            &event_, cudaEventBlockingSync | (timing ? 0U : unsigned{cudaEventDisableTiming})),
        "Making an event");
}

Event::~Event() {
  if (event_ != nullptr) cudaEventDestroy(event_);
}

void Event::record(const Stream& stream) {
  check(cudaEventRecord(event_, stream.get()), "Recording an event");
}

void Event::wait_on(const Stream& stream) const {
  check(cudaStreamWaitEvent(stream.get(), event_, 0), "Letting a stream wait for an event");
}

void Event::synchronize() const { check(cudaEventSynchronize(event_), "Waiting for the device"); }

bool Event::is_done() const {
  const cudaError_t state = cudaEventQuery(event_);
  if (state != cudaErrorNotReady) check(state, "Waiting for the device");
  if (state == cudaErrorNotReady) cudaGetLastError();
  return state == cudaSuccess;
}

float Event::elapsed_ms_since(const Event& start) const {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, start.event_, event_), "Reading a device timer");
  return ms;
}

}  // namespace samwire::cuda
