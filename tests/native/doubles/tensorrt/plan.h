#pragma once

#include <NvInfer.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace samwire::doubles {

using Shape = std::vector<std::int64_t>;

struct PlanTensor {
  std::string name;
  bool input = false;
  int onnx_type = 0;
  Shape shape;                          // -1: free
  std::vector<std::string> dimensions;  // names of the free ones
};

// By input: least, best and largest shape.
using PlanProfile = std::map<std::string, std::array<Shape, 3>>;

// What an engine is here: the ONNX file, and what TensorRT would have fixed with it.
struct Plan {
  std::int64_t version = NV_TENSORRT_VERSION;
  std::string device;
  std::int64_t compute = 0;  // capability, 87
  std::int64_t half = 0;     // some of it is computed in FP16
  std::int64_t islands = 0;  // ... and some is fixed to FP32
  std::int64_t profile_sharing = 1;
  std::int64_t dla_core = -1;
  std::int64_t layers = 0;
  std::string name, note;
  std::vector<PlanTensor> tensors;
  std::vector<PlanProfile> profiles;
  std::string onnx;
};

std::string write_plan(const Plan& plan);
// `fault` says what TensorRT would log; the version is read even of a plan of another version.
bool read_plan(const void* bytes, std::size_t size, Plan& plan, std::string& fault);

nvinfer1::DataType data_type_of(int onnx_type);
nvinfer1::Dims dims_of(const Shape& shape);
Shape shape_of(const nvinfer1::Dims& dims);
bool is_free(const Shape& shape);  // some length is
std::string version_text(std::int64_t version);
std::string shape_text(const Shape& shape);

// Lines in TensorRT's log.
void log(nvinfer1::ILogger& logger, nvinfer1::ILogger::Severity severity, const std::string& text);
void log_error(nvinfer1::ILogger& logger, const std::string& text);

// A piece of memory handed to the caller.
nvinfer1::IHostMemory* host_memory(std::string bytes);

}  // namespace samwire::doubles
