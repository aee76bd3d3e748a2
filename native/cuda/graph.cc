#include "cuda/graph.h"

#include "cuda/error.h"

namespace samwire::cuda {
namespace {

// Leaves capture mode with its owner, by way of an exception too.
class Capture {
 public:
  explicit Capture(cudaStream_t stream) : stream_(stream) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
          "Beginning to record a CUDA graph");
  }
  Capture(const Capture&) = delete;
  ~Capture() {
    if (!ended_ && cudaStreamEndCapture(stream_, &graph_) != cudaSuccess) cudaGetLastError();
    if (graph_ != nullptr) cudaGraphDestroy(graph_);
  }

  cudaGraph_t end() {
    ended_ = true;
    check(cudaStreamEndCapture(stream_, &graph_), "Recording a CUDA graph");
    return graph_;
  }

 private:
  cudaStream_t stream_;
  cudaGraph_t graph_ = nullptr;
  bool ended_ = false;
};

}  // namespace

Graph Graph::record(const Stream& stream, const std::function<void()>& enqueue) {
  Capture capture(stream.get());
  enqueue();
  Graph graph;
  check(cudaGraphInstantiateWithFlags(&graph.exec_, capture.end(), 0), "Making a CUDA graph");
  return graph;
}

Graph::~Graph() {
  if (exec_ != nullptr) cudaGraphExecDestroy(exec_);
}

void Graph::launch(const Stream& stream) const {
  check(cudaGraphLaunch(exec_, stream.get()), "Launching a CUDA graph");
}

}  // namespace samwire::cuda
