#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "cuda/error.h"
#include "frame/error.h"
#include "tensorrt/logger.h"

namespace samwire::tensorrt {

// Throws Error("model_failed") with the reason that TensorRT logged, or Error("device_failed"):
// TensorRT does not say that the GPU is lost, CUDA does at the next call that waits for it.
[[noreturn]] inline void fail(const std::string& what, LogCapture& log) {
  const std::string reason = log.take_errors();
  cuda::check(cudaDeviceSynchronize(), what);
  throw Error("model_failed", what + " failed: " + reason);
}

}  // namespace samwire::tensorrt
