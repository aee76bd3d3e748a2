#pragma once

#include <NvInfer.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "tensorrt/logger.h"

namespace samwire::tensorrt {

// Lengths as TensorRT takes them: 32 bit up to TensorRT 8, 64 bit from 10 on.
template <typename Lengths>
nvinfer1::Dims dims_of(const Lengths& lengths) {
  nvinfer1::Dims dims{};
  for (const std::int64_t length : lengths) {
    dims.d[dims.nbDims++] = static_cast<std::remove_reference_t<decltype(dims.d[0])>>(length);
  }
  return dims;
}
inline nvinfer1::Dims dims_of(std::initializer_list<std::int64_t> lengths) {
  return dims_of<std::initializer_list<std::int64_t>>(lengths);
}
std::size_t floats_of(const nvinfer1::Dims& dims);  // their product
bool operator==(const nvinfer1::Dims& a, const nvinfer1::Dims& b);
// "[1, 3, 1024, 1024]", with ? for a length that is not known.
std::string text_of(const nvinfer1::Dims& dims);
// "FP32", "FP16" ...
std::string text_of(nvinfer1::DataType type);

// kINT64 under its number: TensorRT 8 has no such enumerator, and never gives it.
inline constexpr auto kInt64 = static_cast<nvinfer1::DataType>(8);

// The lengths that a dimension takes, min to max; an output's free dimension has -1 for both.
struct Lengths {
  std::int64_t min = 0, max = 0;
};

// An engine's input or output: a free dimension of an input has the range of profile 0.
struct TensorFacts {
  std::string name;
  bool input = false;
  nvinfer1::DataType type = nvinfer1::DataType::kFLOAT;
  bool plain = true;  // linear, in the device's memory
  std::vector<Lengths> shape;
};

// A plan on the device. One thread at a time. Contexts are made of it and die before it.
class Engine {
 public:
  // Throws Error("model_failed") for a plan that is missing, empty, truncated, or of another
  // TensorRT or GPU, with TensorRT's reason, and Error("device_failed") where the GPU is lost.
  // `dla_core` as the plan was built, -1 for none. `log` must outlive the engine.
  Engine(const std::string& path, int dla_core, LogCapture& log);

  // Scratch memory that contexts whose work follows one another may share; 0 where each context
  // brings its own, and a profile has one context only (TensorRT 8).
  std::size_t scratch_bytes() const;
  // `scratch`: scratch_bytes() of the device's memory, which outlives the context. Throws as above.
  std::unique_ptr<nvinfer1::IExecutionContext> make_context(void* scratch);

  const std::vector<TensorFacts>& tensors() const { return tensors_; }
  const std::string& path() const { return path_; }
  LogCapture& log() const { return *log_; }

 private:
  std::string path_;
  LogCapture* log_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::vector<TensorFacts> tensors_;
};

}  // namespace samwire::tensorrt
