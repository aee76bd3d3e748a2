#include <utility>

#include "doubles/cuda/state.h"

using namespace samwire::doubles;

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  Call call("cudaEventCreateWithFlags");
  *event = nullptr;
  if (call.error != cudaSuccess) return call.error;
  auto made = std::make_unique<CUevent_st>();
  made->timing = (flags & cudaEventDisableTiming) == 0;
  *event = made.release();
  ++call.s.objects["event"];
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  Call call("cudaEventDestroy");
  if (event == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  delete event;
  --call.s.objects["event"];
  return call.error;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  Call call("cudaEventRecord");
  if (call.error != cudaSuccess) return call.error;
  if (event == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  CUstream_st& stream = stream_of(call.s, handle);
  auto mark = std::make_shared<Mark>();
  mark->stream = &stream;
  mark->captured = stream.capture.has_value();
  event->mark = mark;
  if (mark->captured) {
    return call.done(stream.capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
  }
  return call.done(push(stream, [mark] {
    mark->done = true;
    mark->at = std::chrono::steady_clock::now();
    return cudaSuccess;
  }));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  Call call("cudaEventSynchronize");
  if (call.error != cudaSuccess) return call.error;
  if (event == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  if (!event->mark || event->mark->done) return cudaSuccess;
  if (event->mark->captured) return call.done(cudaErrorCapturedEvent);
  const std::shared_ptr<Mark> mark = event->mark;
  return call.done(drain(call.s, *mark->stream, mark.get()));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  Call call("cudaEventQuery");
  if (call.error != cudaSuccess) return call.error;
  if (event == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  if (!event->mark || event->mark->done) return cudaSuccess;
  if (event->mark->captured) return call.done(cudaErrorCapturedEvent);
  // Who polls gets there at the second question.
  const std::shared_ptr<Mark> mark = event->mark;
  const cudaError_t error = drain(call.s, *mark->stream, mark.get());
  return call.done(error != cudaSuccess ? error : cudaErrorNotReady);
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  Call call("cudaEventElapsedTime");
  *ms = 0;
  if (call.error != cudaSuccess) return call.error;
  if (start == nullptr || end == nullptr || !start->timing || !end->timing || !start->mark ||
      !end->mark) {
    return call.done(cudaErrorInvalidResourceHandle);
  }
  if (!start->mark->done || !end->mark->done) return call.done(cudaErrorNotReady);
  *ms = std::chrono::duration<float, std::milli>(end->mark->at - start->mark->at).count();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* pGraphExec, cudaGraph_t graph,
                                          unsigned long long) {
  Call call("cudaGraphInstantiateWithFlags");
  *pGraphExec = nullptr;
  if (call.error != cudaSuccess) return call.error;
  if (graph == nullptr) return call.done(cudaErrorInvalidValue);
  auto made = std::make_unique<CUgraphExec_st>();
  made->work = std::make_shared<const std::vector<Work>>(graph->work);
  *pGraphExec = made.release();
  ++call.s.objects["graph exec"];
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream) {
  Call call("cudaGraphLaunch");
  if (call.error != cudaSuccess) return call.error;
  if (graphExec == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  return call.done(push(stream_of(call.s, stream), [work = graphExec->work] {
    for (const Work& piece : *work) {
      if (const cudaError_t error = piece(); error != cudaSuccess) return error;
    }
    return cudaSuccess;
  }));
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return Call("cudaGraphUpload").error; }

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec) {
  Call call("cudaGraphExecDestroy");
  if (graphExec == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  delete graphExec;
  --call.s.objects["graph exec"];
  return call.error;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  Call call("cudaGraphDestroy");
  if (graph == nullptr) return call.done(cudaErrorInvalidResourceHandle);
  delete graph;
  --call.s.objects["graph"];
  return call.error;
}
