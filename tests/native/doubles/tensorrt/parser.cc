#include <NvOnnxParser.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "doubles/cuda/work.h"
#include "doubles/tensorrt/network.h"

namespace samwire::doubles {
namespace {

using nvonnxparser::ErrorCode;

struct Fault {
  ErrorCode code;
  std::string text;
  int node = -1;
};

class Error final : public nvonnxparser::IParserError {
 public:
  Error(const Fault& fault, const OnnxNode& node) : fault_(fault), node_(node) {}
  ErrorCode code() const override { return fault_.code; }
  char const* desc() const override { return fault_.text.c_str(); }
  char const* file() const override { return "parser.cc"; }
  int line() const override { return 1; }
  char const* func() const override { return "parse"; }
  int node() const override { return fault_.node; }
#if NV_TENSORRT_MAJOR >= 10
  char const* nodeName() const override { return node_.name.c_str(); }
  char const* nodeOperator() const override { return node_.op.c_str(); }
#endif

 private:
  Fault fault_;
  OnnxNode node_;
};

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// TensorRT computes shapes on the CPU, with a few of its layers; a OneHot is none of them.
bool reaches_shape(const OnnxGraph& graph, const std::string& start) {
  std::set<std::string> reached{start};
  for (const OnnxNode& node : graph.nodes) {
    const bool shape_second = node.op == "Tile" || node.op == "Expand" || node.op == "Reshape";
    if (shape_second && node.inputs.size() > 1 && reached.count(node.inputs[1]) != 0) return true;
    if (node.op == "ConstantOfShape" && reached.count(node.inputs[0]) != 0) return true;
    const bool uses = std::any_of(node.inputs.begin(), node.inputs.end(),
                                  [&](const auto& input) { return reached.count(input) != 0; });
    if (uses) reached.insert(node.outputs.begin(), node.outputs.end());
  }
  return false;
}

std::vector<Fault> faults_of(const OnnxGraph& graph) {
  static const std::vector<std::string> kUnsupported = {"Unique", "Det", "StringNormalizer",
                                                        "Optional", "ImageDecoder"};
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const OnnxNode& node = graph.nodes[i];
    const int index = static_cast<int>(i);
    if (is_among(kUnsupported, node.op)) {
      faults.push_back({ErrorCode::kUNSUPPORTED_NODE,
                        "Assertion failed: No importer registered for op: " + node.op, index});
    }
    if (node.op == "OneHot" && reaches_shape(graph, node.outputs.front())) {
      faults.push_back({ErrorCode::kUNSUPPORTED_NODE,
                        "[OneHot]: IOneHotLayer cannot be used to compute a shape tensor", index});
    }
  }
  return faults;
}

class Parser final : public nvonnxparser::IParser {
 public:
  Parser(OnnxNetwork& network, nvinfer1::ILogger& logger) : network_(network), logger_(logger) {
    count_object("parser", 1);
  }
  ~Parser() noexcept override { count_object("parser", -1); }

  bool parse(void const* bytes, size_t size, const char*) SAMWIRE_DOUBLE_NOEXCEPT override {
    if (fails("parse")) return refuse({ErrorCode::kINTERNAL_ERROR, "injected"}, {});
    OnnxGraph graph;
    try {
      graph = read_onnx(bytes, size);
    } catch (const std::exception& error) {
      return refuse({ErrorCode::kMODEL_DESERIALIZE_FAILED, error.what()}, {});
    }
#if NV_TENSORRT_MAJOR == 8
    if ((network_.flags() & 1U) == 0) {
      return refuse({ErrorCode::kINVALID_GRAPH,
                     "This version of the ONNX parser only supports networks with an explicit "
                     "batch dimension"},
                    {});
    }
#endif
    for (const Fault& fault : faults_of(graph)) {
      refuse(fault,
             fault.node < 0 ? OnnxNode{} : graph.nodes[static_cast<std::size_t>(fault.node)]);
    }
    if (!errors_.empty()) return false;
#if NV_TENSORRT_MAJOR == 8
    logger_.log(nvinfer1::ILogger::Severity::kWARNING,
                "Your ONNX model has been generated with INT64 weights, while TensorRT does not "
                "natively support INT64. Attempting to cast down to INT32.");
#endif
    network_.take(std::string(static_cast<const char*>(bytes), size), graph);
    return true;
  }
  bool parseFromFile(const char* path, int) SAMWIRE_DOUBLE_NOEXCEPT override {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!file) {
      return refuse(
          {ErrorCode::kMODEL_DESERIALIZE_FAILED, std::string("Could not open file ") + path}, {});
    }
    return parse(bytes.data(), bytes.size(), nullptr);
  }
  int getNbErrors() const SAMWIRE_DOUBLE_NOEXCEPT override {
    return static_cast<int>(errors_.size());
  }
  nvonnxparser::IParserError const* getError(int index) const SAMWIRE_DOUBLE_NOEXCEPT override {
    const bool inside = index >= 0 && index < getNbErrors();
    return inside ? errors_[static_cast<std::size_t>(index)].get() : nullptr;
  }
  void clearErrors() SAMWIRE_DOUBLE_NOEXCEPT override { errors_.clear(); }

 private:
  bool refuse(const Fault& fault, const OnnxNode& node) {
    errors_.push_back(std::make_unique<Error>(fault, node));
    const std::string line = "ModelImporter: " + fault.text;
    logger_.log(nvinfer1::ILogger::Severity::kERROR, line.c_str());
    return false;
  }

  OnnxNetwork& network_;
  nvinfer1::ILogger& logger_;
  std::vector<std::unique_ptr<Error>> errors_;
};

}  // namespace
}  // namespace samwire::doubles

extern "C" __attribute__((visibility("default"))) void* createNvOnnxParser_INTERNAL(
    void* network, void* logger, int) SAMWIRE_DOUBLE_NOEXCEPT {
  auto* definition = static_cast<nvinfer1::INetworkDefinition*>(network);
  return static_cast<nvonnxparser::IParser*>(
      new samwire::doubles::Parser(*static_cast<samwire::doubles::OnnxNetwork*>(definition),
                                   *static_cast<nvinfer1::ILogger*>(logger)));
}
