#pragma once

#include <NvInfer.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "doubles/tensorrt/onnxruntime.h"
#include "doubles/tensorrt/plan.h"

namespace samwire::doubles {

// What a context wants for its activations.
inline constexpr std::size_t kActivationBytes = 256 * 1024;

// What an engine, its contexts and their enqueued work share. Work may outlive a context (a CUDA
// graph does), so it holds this too.
struct EngineState {
  Plan plan;
  std::unique_ptr<OrtModel> model;
  nvinfer1::ILogger* logger = nullptr;
  std::atomic<int> contexts{0};
  std::set<int> profiles_in_use;  // TensorRT 8 without profile sharing

  const PlanTensor* find(const char* name) const;
};

// `own_scratch`: false where the caller brings the memory (kUSER_MANAGED).
nvinfer1::IExecutionContext* make_context(const nvinfer1::ICudaEngine& engine,
                                          std::shared_ptr<EngineState> state, bool own_scratch);

}  // namespace samwire::doubles
