#include "doubles/tensorrt/network.h"

#include <algorithm>
#include <map>

#include "doubles/cuda/work.h"
#include "doubles/tensorrt/plan.h"

namespace samwire::doubles {
namespace {

constexpr int kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kHalf = 10, kInt8 = 3;

bool is_one_of(const std::string& op, std::initializer_list<const char*> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// What a network of mixed precision keeps in FP32 (src/mend/islands.ts); what one of FP16 keeps,
// since it has no FP16 form, is none of these.
bool computes(const std::string& op) {
  return is_one_of(op, {"Conv", "ConvTranspose", "MatMul", "Gemm", "Softmax", "LayerNormalization",
                        "InstanceNormalization", "ReduceMean", "Sqrt", "Pow", "Sin", "Cos"});
}

nvinfer1::LayerType layer_type_of(const std::string& op) {
  using nvinfer1::LayerType;
  static const std::map<std::string, LayerType> kTypes = {
      {"Conv", LayerType::kCONVOLUTION},
      {"ConvTranspose", LayerType::kDECONVOLUTION},
      {"Relu", LayerType::kACTIVATION},
      {"Sigmoid", LayerType::kACTIVATION},
      {"Softmax", LayerType::kSOFTMAX},
      {"Concat", LayerType::kCONCATENATION},
      {"Reshape", LayerType::kSHUFFLE},
      {"Transpose", LayerType::kSHUFFLE},
      {"Squeeze", LayerType::kSHUFFLE},
      {"Unsqueeze", LayerType::kSHUFFLE},
      {"ReduceMean", LayerType::kREDUCE},
      {"ReduceSum", LayerType::kREDUCE},
      {"Gather", LayerType::kGATHER},
      {"MatMul", LayerType::kMATRIX_MULTIPLY},
      {"Gemm", LayerType::kMATRIX_MULTIPLY},
      {"Constant", LayerType::kCONSTANT},
      {"Identity", LayerType::kIDENTITY},
      {"Slice", LayerType::kSLICE},
      {"Tile", LayerType::kSLICE},
      {"Expand", LayerType::kSLICE},
      {"Shape", LayerType::kSHAPE},
      {"Resize", LayerType::kRESIZE},
      {"Where", LayerType::kSELECT},
      {"ConstantOfShape", LayerType::kFILL},
      {"Range", LayerType::kFILL},
      {"QuantizeLinear", LayerType::kQUANTIZE},
      {"DequantizeLinear", LayerType::kDEQUANTIZE},
      {"OneHot", LayerType::kONE_HOT},
      {"Cast", LayerType::kCAST},
      {"LayerNormalization", LayerType::kNORMALIZATION},
      {"Sqrt", LayerType::kUNARY},
      {"Exp", LayerType::kUNARY},
      {"Erf", LayerType::kUNARY},
      {"Sin", LayerType::kUNARY},
      {"Cos", LayerType::kUNARY},
      {"Neg", LayerType::kUNARY},
      {"Not", LayerType::kUNARY},
  };
  const auto found = kTypes.find(op);
  return found == kTypes.end() ? LayerType::kELEMENTWISE : found->second;
}

class Tensor final : public nvinfer1::ITensor {
 public:
  enum class Role { kInput, kOutput, kInner };
  Tensor(std::string name, int onnx_type, Shape shape, Role role)
      : name_(std::move(name)),
        type_(data_type_of(onnx_type)),
        shape_(std::move(shape)),
        role_(role) {}
  char const* getName() const noexcept override { return name_.c_str(); }
  nvinfer1::Dims getDimensions() const noexcept override { return dims_of(shape_); }
  nvinfer1::DataType getType() const noexcept override { return type_; }
#if NV_TENSORRT_MAJOR < 11
  void setType(nvinfer1::DataType type) noexcept override { type_ = type; }
#endif
  bool isNetworkInput() const noexcept override { return role_ == Role::kInput; }
  bool isNetworkOutput() const noexcept override { return role_ == Role::kOutput; }
  bool isShapeTensor() const noexcept override { return false; }

 private:
  std::string name_;
  nvinfer1::DataType type_;
  Shape shape_;
  Role role_;
};

class Layer final : public nvinfer1::ILayer {
 public:
  Layer(std::string name, std::string op, std::vector<Tensor*> inputs, std::vector<Tensor*> outputs)
      : name_(std::move(name)),
        op_(std::move(op)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        metadata_("[ONNX Layer: " + name_ + "]") {}
  nvinfer1::LayerType getType() const noexcept override { return layer_type_of(op_); }
  void setName(char const* name) noexcept override { name_ = name; }
  char const* getName() const noexcept override { return name_.c_str(); }
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_.size()); }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override { return at(inputs_, index); }
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_.size()); }
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override {
    return at(outputs_, index);
  }
#if NV_TENSORRT_MAJOR < 11
  void setPrecision(nvinfer1::DataType type) noexcept override {
    precision_ = type;
    precision_set_ = true;
  }
  nvinfer1::DataType getPrecision() const noexcept override { return precision_; }
  bool precisionIsSet() const noexcept override { return precision_set_; }
  void setOutputType(int32_t, nvinfer1::DataType) noexcept override { output_type_set_ = true; }
  bool outputTypeIsSet(int32_t) const noexcept override { return output_type_set_; }
#endif
  nvinfer1::DataType getOutputType(int32_t index) const noexcept override {
    const nvinfer1::ITensor* output = getOutput(index);
    return output == nullptr ? nvinfer1::DataType::kFLOAT : output->getType();
  }

  char const* getMetadata() const noexcept override { return metadata_.c_str(); }

  bool is_computing() const { return computes(op_); }
  bool fixed_to_single() const {
    return precision_set_ && precision_ == nvinfer1::DataType::kFLOAT;
  }

 private:
  static Tensor* at(const std::vector<Tensor*>& tensors, int32_t index) {
    const bool inside = index >= 0 && index < static_cast<int32_t>(tensors.size());
    return inside ? tensors[static_cast<std::size_t>(index)] : nullptr;
  }

  std::string name_, op_;
  std::vector<Tensor*> inputs_, outputs_;
  std::string metadata_;
  nvinfer1::DataType precision_ = nvinfer1::DataType::kFLOAT;
  bool precision_set_ = false, output_type_set_ = false;
};

class Network final : public OnnxNetwork {
 public:
  explicit Network(nvinfer1::NetworkDefinitionCreationFlags flags) : flags_(flags) {
    count_object("network", 1);
  }
  ~Network() noexcept override { count_object("network", -1); }

  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(layers_.size()); }
  nvinfer1::ILayer* getLayer(int32_t index) const noexcept override {
    const bool inside = index >= 0 && index < getNbLayers();
    return inside ? layers_[static_cast<std::size_t>(index)].get() : nullptr;
  }
  int32_t getNbInputs() const noexcept override {
    return static_cast<int32_t>(facts_.graph.inputs.size());
  }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override {
    return find(facts_.graph.inputs, index);
  }
  int32_t getNbOutputs() const noexcept override {
    return static_cast<int32_t>(facts_.graph.outputs.size());
  }
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override {
    return find(facts_.graph.outputs, index);
  }
  void setName(char const* name) noexcept override { facts_.name = name; }
  char const* getName() const noexcept override { return facts_.name.c_str(); }
#if NV_TENSORRT_MAJOR >= 10
  bool getFlag(nvinfer1::NetworkDefinitionCreationFlag flag) const noexcept override {
    return (flags_ >> static_cast<int>(flag) & 1U) != 0;
  }
#endif
  nvinfer1::NetworkDefinitionCreationFlags flags() const override { return flags_; }

  void take(std::string onnx, const OnnxGraph& graph) override {
    facts_.name = graph.name;
    facts_.onnx = std::move(onnx);
    facts_.graph = graph;
#if NV_TENSORRT_MAJOR >= 11
    facts_.typed = true;
#elif NV_TENSORRT_MAJOR == 10
    facts_.typed = getFlag(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#endif
    for (const OnnxValue& input : graph.inputs) add(input, Tensor::Role::kInput);
    for (const OnnxValue& output : graph.outputs) add(output, Tensor::Role::kOutput);
    const std::vector<int> types = types_of_nodes(graph);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) add_layer(graph.nodes[i], types[i]);
    note_precisions(types);
  }

  NetworkFacts facts() const {
    NetworkFacts facts = facts_;
    for (const auto& layer : layers_) {
      if (!layer->fixed_to_single()) continue;
      const auto type = layer->getOutputType(0);
      const bool integer = type != nvinfer1::DataType::kFLOAT && type != nvinfer1::DataType::kHALF;
      if (integer) facts.fixed_integer.push_back(layer->getName());
      if (!integer && layer->is_computing()) facts.fixed_single.push_back(layer->getName());
    }
    return facts;
  }

 private:
  Tensor* find(const std::vector<OnnxValue>& values, int32_t index) const {
    const bool inside = index >= 0 && index < static_cast<int32_t>(values.size());
    return inside ? tensors_.at(values[static_cast<std::size_t>(index)].name).get() : nullptr;
  }
  Tensor* add(const OnnxValue& value, Tensor::Role role) {
    auto& slot = tensors_[value.name];
    if (!slot) slot = std::make_unique<Tensor>(value.name, value.type, value.shape, role);
    return slot.get();
  }
  void add_layer(const OnnxNode& node, int type) {
    std::vector<Tensor*> inputs, outputs;
    for (const std::string& name : node.inputs) {
      const auto found = tensors_.find(name);
      if (found != tensors_.end()) inputs.push_back(found->second.get());
    }
    for (const std::string& name : node.outputs) {
      outputs.push_back(add({name, type, {}, {}}, Tensor::Role::kInner));
    }
    const std::string name = node.name.empty() ? "node_of_" + node.outputs.front() : node.name;
    layers_.push_back(
        std::make_unique<Layer>(name, node.op, std::move(inputs), std::move(outputs)));
  }
  void note_precisions(const std::vector<int>& types) {
    facts_.half_tensors = std::find(types.begin(), types.end(), kHalf) != types.end();
    for (std::size_t i = 0; i < types.size(); ++i) {
      facts_.single_compute |= types[i] == kFloat && computes(facts_.graph.nodes[i].op);
    }
  }

  nvinfer1::NetworkDefinitionCreationFlags flags_;
  NetworkFacts facts_;
  std::map<std::string, std::unique_ptr<Tensor>> tensors_;
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace

std::vector<int> types_of_nodes(const OnnxGraph& graph) {
  std::map<std::string, int> types;
  for (const OnnxValue& value : graph.initializers) types[value.name] = value.type;
  for (const OnnxValue& value : graph.inputs) types[value.name] = value.type;
  std::vector<int> result;
  for (const OnnxNode& node : graph.nodes) {
    const auto input = [&](std::size_t index) {
      return index < node.inputs.size() && types.count(node.inputs[index]) != 0
                 ? types[node.inputs[index]]
                 : kFloat;
    };
    int type = input(0);
    if (node.op == "Cast") type = static_cast<int>(node.to);
    if (node.op == "Constant" || node.op == "ConstantOfShape") {
      type = node.value_type != 0 ? node.value_type : kFloat;
    }
    if (is_one_of(node.op, {"Shape", "Size", "NonZero", "ArgMax", "ArgMin"})) type = kInt64;
    if (is_one_of(node.op, {"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Not",
                            "And", "Or", "IsNaN"})) {
      type = kBool;
    }
    if (node.op == "Where") type = input(1);
    if (node.op == "OneHot") type = input(2);
    if (node.op == "QuantizeLinear") type = kInt8;
    if (node.op == "DequantizeLinear") type = input(1);
    for (const std::string& output : node.outputs) types[output] = type;
    result.push_back(type);
  }
  return result;
}

OnnxNetwork* make_network(nvinfer1::NetworkDefinitionCreationFlags flags) {
  return new Network(flags);
}

NetworkFacts facts_of(const nvinfer1::INetworkDefinition& network) {
  return static_cast<const Network&>(network).facts();
}

}  // namespace samwire::doubles
