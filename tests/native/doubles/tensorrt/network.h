#pragma once

#include <NvInfer.h>

#include <memory>
#include <string>
#include <vector>

#include "doubles/tensorrt/onnx_graph.h"

namespace samwire::doubles {

// What the parser, a library of its own, fills: a layer for each node.
class OnnxNetwork : public nvinfer1::INetworkDefinition {
 public:
  virtual void take(std::string onnx, const OnnxGraph& graph) = 0;
  virtual nvinfer1::NetworkDefinitionCreationFlags flags() const = 0;
};

// ONNX's number of each node's first output's type, by TensorRT's rules as far as they are simple.
std::vector<int> types_of_nodes(const OnnxGraph& graph);

// What a build reads of a network.
struct NetworkFacts {
  std::string name, onnx;
  OnnxGraph graph;
  bool typed = false;                      // strongly
  bool half_tensors = false;               // the file holds FP16 tensors
  bool single_compute = false;             // ... and computes something in FP32
  std::vector<std::string> fixed_single;   // computing layers fixed to FP32
  std::vector<std::string> fixed_integer;  // layers of integers fixed to it: TensorRT refuses these
};

OnnxNetwork* make_network(nvinfer1::NetworkDefinitionCreationFlags flags);
NetworkFacts facts_of(const nvinfer1::INetworkDefinition& network);

}  // namespace samwire::doubles
