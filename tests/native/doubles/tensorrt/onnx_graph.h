#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace samwire::doubles {

struct OnnxValue {
  std::string name;
  int type = 0;                         // ONNX's number
  std::vector<std::int64_t> shape;      // -1: free
  std::vector<std::string> dimensions;  // names of the free ones
};

struct OnnxNode {
  std::string name, op;
  std::vector<std::string> inputs, outputs;
  std::int64_t to = 0;  // Cast's
  int value_type = 0;   // of Constant's and ConstantOfShape's tensor
};

// As much of an ONNX file as TensorRT's parser shows of it: names, types and edges.
struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxValue> inputs, outputs;  // initializers are no inputs
  std::vector<OnnxValue> initializers;     // without their shapes
};

// Throws std::runtime_error for what is no ONNX model.
OnnxGraph read_onnx(const void* bytes, std::size_t size);

}  // namespace samwire::doubles
