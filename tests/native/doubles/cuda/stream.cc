#include <algorithm>
#include <utility>

#include "doubles/cuda/state.h"
#include "doubles/cuda/work.h"

namespace samwire::doubles {
namespace {

cudaError_t make_stream(Call& call, cudaStream_t* out) {
  *out = nullptr;
  if (call.error != cudaSuccess) return call.error;
  auto stream = std::make_unique<CUstream_st>();
  *out = stream.release();
  call.s.streams.insert(*out);
  ++call.s.objects["stream"];
  return cudaSuccess;
}

cudaError_t refuse_captured(CUstream_st& stream) {
  if (!stream.capture) return cudaSuccess;
  stream.capture->invalid = true;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace

CUstream_st& stream_of(State& s, cudaStream_t stream) {
  return stream == nullptr ? *s.default_stream : *stream;
}

cudaError_t push(CUstream_st& stream, Work work) {
  if (!stream.capture) {
    stream.queue.push_back(std::move(work));
    return cudaSuccess;
  }
  if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
  stream.capture->work.push_back(std::move(work));
  return cudaSuccess;
}

cudaError_t drain(State& s, CUstream_st& stream, const Mark* until) {
  if (stream.queue.empty()) return s.lost;
  open_device_memory(s, true);
  while (!stream.queue.empty() && (until == nullptr || !until->done)) {
    const Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (s.lost != cudaSuccess) continue;
    cudaError_t error = take_fault(s, "work");
    if (error == cudaSuccess) error = work();
    if (error != cudaSuccess) s.lost = error;
  }
  open_device_memory(s, false);
  return s.lost;
}

cudaError_t drain_all(State& s) {
  drain(s, *s.default_stream);
  for (CUstream_st* stream : s.streams) drain(s, *stream);
  return s.lost;
}

cudaError_t refuse_in_capture(State& s) {
  for (CUstream_st* stream : s.streams) {
    if (!stream->capture || stream->capture->mode == cudaStreamCaptureModeRelaxed) continue;
    const bool mine = stream->capture->thread == std::this_thread::get_id();
    if (!mine && stream->capture->mode != cudaStreamCaptureModeGlobal) continue;
    stream->capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
  }
  return cudaSuccess;
}

cudaError_t submit_fallible(cudaStream_t handle, std::function<cudaError_t()> work,
                            const char* function) {
  Call call(function);
  if (call.error != cudaSuccess) return call.error;
  return call.done(push(stream_of(call.s, handle), std::move(work)));
}

cudaError_t submit(cudaStream_t stream, std::function<void()> work, const char* function) {
  return submit_fallible(
      stream,
      [work = std::move(work)] {
        work();
        return cudaSuccess;
      },
      function);
}

bool is_capturing(cudaStream_t handle) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return stream_of(s, handle).capture.has_value();
}

void invalidate_capture(cudaStream_t handle) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (auto& capture = stream_of(s, handle).capture) capture->invalid = true;
}

}  // namespace samwire::doubles

using namespace samwire::doubles;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* pStream, unsigned int) {
  Call call("cudaStreamCreateWithFlags");
  return make_stream(call, pStream);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* pStream, unsigned int, int) {
  Call call("cudaStreamCreateWithPriority");
  return make_stream(call, pStream);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  Call call("cudaStreamDestroy");
  if (call.s.streams.count(stream) == 0) {
    call.s.misuse.push_back("a stream that is not there was destroyed");
    return call.done(cudaErrorInvalidResourceHandle);
  }
  if (stream->capture) call.s.misuse.push_back("a stream was destroyed while it was captured");
  drain(call.s, *stream);
  call.s.streams.erase(stream);
  delete stream;
  --call.s.objects["stream"];
  return call.error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  Call call("cudaStreamSynchronize");
  if (call.error != cudaSuccess) return call.error;
  CUstream_st& stream = stream_of(call.s, handle);
  const cudaError_t refused = refuse_captured(stream);
  return call.done(refused != cudaSuccess ? refused : drain(call.s, stream));
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  Call call("cudaStreamQuery");
  if (call.error != cudaSuccess) return call.error;
  CUstream_st& stream = stream_of(call.s, handle);
  if (const cudaError_t refused = refuse_captured(stream); refused != cudaSuccess) {
    return call.done(refused);
  }
  // Who polls gets on: each question runs one piece of work.
  if (stream.queue.empty()) return cudaSuccess;
  std::deque<Work> later(std::next(stream.queue.begin()), stream.queue.end());
  stream.queue.resize(1);
  const cudaError_t error = drain(call.s, stream);
  stream.queue = std::move(later);
  if (error != cudaSuccess) return call.done(error);
  return call.done(stream.queue.empty() ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int) {
  Call call("cudaStreamWaitEvent");
  if (call.error != cudaSuccess) return call.error;
  if (event == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  CUstream_st& stream = stream_of(call.s, handle);
  if (!event->mark) return cudaSuccess;
  if (event->mark->captured) {
    // Streams that join a capture are not imitated.
    return call.done(event->mark->stream == &stream ? cudaSuccess
                                                    : cudaErrorStreamCaptureUnsupported);
  }
  if (stream.capture) {
    stream.capture->invalid = true;
    return call.done(cudaErrorStreamCaptureIsolation);
  }
  return call.done(push(stream, [mark = event->mark, &s = call.s] {
    return mark->done ? cudaSuccess : drain(s, *mark->stream, mark.get());
  }));
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
  Call call("cudaStreamBeginCapture");
  if (call.error != cudaSuccess) return call.error;
  if (stream == nullptr) return call.done(cudaErrorStreamCaptureUnsupported);
  if (stream->capture) return call.done(cudaErrorInvalidValue);
  stream->capture = Capture{mode, std::this_thread::get_id(), false, {}};
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* pGraph) {
  Call call("cudaStreamEndCapture");
  *pGraph = nullptr;
  if (stream == nullptr || !stream->capture) return call.done(cudaErrorInvalidValue);
  Capture capture = std::move(*stream->capture);
  stream->capture.reset();
  if (call.error != cudaSuccess) return call.error;
  if (capture.mode != cudaStreamCaptureModeRelaxed &&
      capture.thread != std::this_thread::get_id()) {
    return call.done(cudaErrorStreamCaptureWrongThread);
  }
  if (capture.invalid) return call.done(cudaErrorStreamCaptureInvalidated);
  *pGraph = std::make_unique<CUgraph_st>(CUgraph_st{std::move(capture.work)}).release();
  ++call.s.objects["graph"];
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle,
                                  enum cudaStreamCaptureStatus* pCaptureStatus) {
  Call call("cudaStreamIsCapturing");
  const auto& capture = stream_of(call.s, handle).capture;
  *pCaptureStatus = !capture           ? cudaStreamCaptureStatusNone
                    : capture->invalid ? cudaStreamCaptureStatusInvalidated
                                       : cudaStreamCaptureStatusActive;
  return call.error;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t fn, void* userData) {
  return submit(
      stream, [fn, userData] { fn(userData); }, "cudaLaunchHostFunc");
}
