#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <utility>

#include "cuda/stream.h"

namespace samwire::cuda {

// A stream's work, recorded once and launched as one. It holds the addresses it was recorded with:
// they must stay allocated as long as it. Move-only; empty when default-made.
class Graph {
 public:
  Graph() = default;
  // Records what `enqueue` puts on the stream instead of running it. Whatever goes wrong, the
  // stream is back to running its work, and CUDA's error is cleared. Throws as check(), or what
  // `enqueue` threw. Other threads may allocate meanwhile; this one may not.
  static Graph record(const Stream& stream, const std::function<void()>& enqueue);
  ~Graph();
  Graph(Graph&& other) noexcept : exec_(std::exchange(other.exec_, nullptr)) {}
  Graph& operator=(Graph&& other) noexcept {
    std::swap(exec_, other.exec_);
    return *this;
  }

  explicit operator bool() const noexcept { return exec_ != nullptr; }
  void launch(const Stream& stream) const;

 private:
  cudaGraphExec_t exec_ = nullptr;
};

}  // namespace samwire::cuda
