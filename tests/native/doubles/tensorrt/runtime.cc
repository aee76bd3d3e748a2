#include <NvInfer.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <stdexcept>

#include "doubles/control.h"
#include "doubles/cuda/work.h"
#include "doubles/tensorrt/engine.h"

namespace samwire::doubles {

const PlanTensor* EngineState::find(const char* name) const {
  for (const PlanTensor& tensor : plan.tensors) {
    if (name != nullptr && tensor.name == name) return &tensor;
  }
  return nullptr;
}

namespace {

class Engine final : public nvinfer1::ICudaEngine {
 public:
  Engine(std::shared_ptr<EngineState> state, void* weights, std::shared_ptr<std::atomic<int>> live)
      : state_(std::move(state)), weights_(weights), live_(std::move(live)) {
    ++*live_;
    count_object("engine", 1);
  }
  ~Engine() noexcept override {
    if (state_->contexts != 0) report_misuse("an engine was deleted before its contexts");
    cudaFree(weights_);
    --*live_;
    count_object("engine", -1);
  }

  int32_t getNbIOTensors() const noexcept override {
    return static_cast<int32_t>(state_->plan.tensors.size());
  }
  char const* getIOTensorName(int32_t index) const noexcept override {
    if (index < 0 || index >= getNbIOTensors()) return nullptr;
    return state_->plan.tensors[static_cast<std::size_t>(index)].name.c_str();
  }
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (tensor == nullptr) return nvinfer1::TensorIOMode::kNONE;
    return tensor->input ? nvinfer1::TensorIOMode::kINPUT : nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override {
    const PlanTensor* tensor = state_->find(name);
    return tensor == nullptr ? nvinfer1::DataType::kFLOAT : data_type_of(tensor->onnx_type);
  }
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override {
    const PlanTensor* tensor = state_->find(name);
    return tensor == nullptr ? nvinfer1::Dims{-1, {}} : dims_of(tensor->shape);
  }
  nvinfer1::TensorLocation getTensorLocation(char const*) const noexcept override {
    return nvinfer1::TensorLocation::kDEVICE;
  }
  nvinfer1::TensorFormat getTensorFormat(char const*) const noexcept override {
    return nvinfer1::TensorFormat::kLINEAR;
  }
  bool isShapeInferenceIO(char const*) const noexcept override { return false; }
  int32_t getNbOptimizationProfiles() const noexcept override {
    return std::max<int32_t>(1, static_cast<int32_t>(state_->plan.profiles.size()));
  }
  nvinfer1::Dims getProfileShape(char const* name, int32_t profile,
                                 nvinfer1::OptProfileSelector select) const noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (tensor == nullptr || !tensor->input || profile < 0 ||
        profile >= getNbOptimizationProfiles()) {
      return nvinfer1::Dims{-1, {}};
    }
    if (state_->plan.profiles.empty()) return dims_of(tensor->shape);
    const PlanProfile& shapes = state_->plan.profiles[static_cast<std::size_t>(profile)];
    const auto found = shapes.find(tensor->name);
    return dims_of(found == shapes.end() ? tensor->shape
                                         : found->second[static_cast<std::size_t>(select)]);
  }
  int32_t getNbLayers() const noexcept override {
    return static_cast<int32_t>(state_->plan.layers);
  }
  char const* getName() const noexcept override { return state_->plan.name.c_str(); }
#if NV_TENSORRT_MAJOR < 11
  std::size_t getDeviceMemorySize() const noexcept override { return kActivationBytes; }
#endif
#if NV_TENSORRT_MAJOR >= 10
  int64_t getDeviceMemorySizeV2() const noexcept override { return kActivationBytes; }
  nvinfer1::IExecutionContext* createExecutionContext(
      nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override {
    const bool own = strategy != nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED;
#else
  nvinfer1::IExecutionContext* createExecutionContext() noexcept override {
    constexpr bool own = true;
#endif
    if (fails("createExecutionContext")) {
      log_error(*state_->logger, "IExecutionContext could not be made (injected)");
      return nullptr;
    }
    return make_context(*this, state_, own);
  }

 private:
  std::shared_ptr<EngineState> state_;
  void* weights_;
  std::shared_ptr<std::atomic<int>> live_;
};

class Runtime final : public nvinfer1::IRuntime {
 public:
  explicit Runtime(nvinfer1::ILogger& logger) : logger_(logger) { count_object("runtime", 1); }
  ~Runtime() noexcept override {
    if (*engines_ != 0) report_misuse("a runtime was deleted before its engines");
    count_object("runtime", -1);
  }
  void setDLACore(int32_t core) noexcept override { dla_core_ = core; }
  int32_t getDLACore() const noexcept override { return dla_core_; }
  int32_t getNbDLACores() const noexcept override { return dla_cores(); }

  nvinfer1::ICudaEngine* deserializeCudaEngine(void const* blob,
                                               std::size_t size) noexcept override {
    auto state = std::make_shared<EngineState>();
    state->logger = &logger_;
    std::string fault;
    if (fails("deserializeCudaEngine")) {
      fault = "Error Code 2: OutOfMemory (injected)";
    } else if (read_plan(blob, size, state->plan, fault)) {
      fault = fault_of_place(state->plan);
    }
    void* weights = nullptr;
    if (fault.empty() && cudaMalloc(&weights, state->plan.onnx.size()) != cudaSuccess) {
      fault = "Error Code 1: Cuda Runtime (out of memory)";
    }
    if (fault.empty()) {
      try {
        state->model = std::make_unique<OrtModel>(state->plan.onnx.data(), state->plan.onnx.size());
      } catch (const std::exception& error) {
        fault = std::string("The double could not load the plan's ONNX file: ") + error.what();
        cudaFree(weights);
      }
    }
    if (!fault.empty()) {
      log_error(logger_, "IRuntime::deserializeCudaEngine: " + fault);
      return nullptr;
    }
    return new Engine(std::move(state), weights, engines_);
  }

 private:
  std::string fault_of_place(const Plan& plan) const {
    int major = 0, minor = 0;
    device_capability(major, minor);
    if (plan.compute != major * 10 + minor || plan.device != device_name()) {
      return "Error Code 6: The engine plan file is generated on an incompatible device, "
             "expecting " +
             device_name() + " got " + plan.device + ", please rebuild.";
    }
    if (plan.dla_core >= dla_cores()) return "Error Code 3: the engine wants a DLA core";
    return "";
  }

  nvinfer1::ILogger& logger_;
  int32_t dla_core_ = -1;
  std::shared_ptr<std::atomic<int>> engines_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace
}  // namespace samwire::doubles

using namespace samwire::doubles;

extern "C" __attribute__((visibility("default"))) void* createInferRuntime_INTERNAL(
    void* logger, int32_t version) noexcept {
  if (logger == nullptr || version / 1000 != NV_TENSORRT_VERSION / 1000) return nullptr;
  auto& log_to = *static_cast<nvinfer1::ILogger*>(logger);
  int count = 0;
  if (fails("createInferRuntime") || cudaGetDeviceCount(&count) != cudaSuccess) {
    log_error(log_to, "CUDA initialization failure with error: " +
                          std::to_string(static_cast<int>(cudaGetLastError())));
    return nullptr;
  }
  return static_cast<nvinfer1::IRuntime*>(new Runtime(log_to));
}

extern "C" __attribute__((visibility("default"))) int32_t getInferLibVersion() noexcept {
  return NV_TENSORRT_VERSION;
}
