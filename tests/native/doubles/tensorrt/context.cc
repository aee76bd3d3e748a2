#include <cuda_runtime_api.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "doubles/cuda/work.h"
#include "doubles/tensorrt/engine.h"

namespace samwire::doubles {
namespace {

std::size_t elements_of(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t length : shape) count *= static_cast<std::size_t>(length);
  return count;
}

// What stands in the device's memory: TensorRT 8 keeps INT64 as INT32.
std::size_t device_element_bytes(const PlanTensor& tensor) {
  const bool narrowed = NV_TENSORRT_MAJOR < 10 && tensor.onnx_type == 7;
  return narrowed ? sizeof(std::int32_t) : bytes_of_onnx_type(tensor.onnx_type);
}

bool is_wrong(const Plan& plan, const std::string& wrong) {
  if (wrong == "all") return true;
  if (plan.half == 0) return false;
  return wrong == "mixed" || (wrong == "fp16" && plan.islands == 0);
}

// Every second value changes its sign: a mask of such logits is no mask.
template <typename Bits>
void flip_signs(void* data, std::size_t count, Bits sign) {
  auto* values = static_cast<Bits*>(data);
  for (std::size_t i = 0; i < count; i += 2) values[i] = static_cast<Bits>(values[i] ^ sign);
}

// Tensors as onnxruntime wants them: INT64 of TensorRT 8 beside the device's INT32.
struct Wide {
  explicit Wide(const std::vector<OrtTensor>& given) : tensors(given), narrow(given) {
    if (NV_TENSORRT_MAJOR >= 10) return;
    for (OrtTensor& tensor : tensors) {
      if (tensor.type != 7) continue;
      values.push_back(std::make_unique<std::vector<std::int64_t>>(elements_of(tensor.shape)));
      tensor.data = values.back()->data();
    }
  }
  void read() {
    each([](std::int64_t& wide, std::int32_t& narrow) { wide = narrow; });
  }
  void write() {
    each(
        [](std::int64_t& wide, std::int32_t& narrow) { narrow = static_cast<std::int32_t>(wide); });
  }
  template <typename Move>
  void each(Move move) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].data == narrow[i].data) continue;
      auto* wide = static_cast<std::int64_t*>(tensors[i].data);
      auto* device = static_cast<std::int32_t*>(narrow[i].data);
      for (std::size_t k = 0; k < elements_of(tensors[i].shape); ++k) move(wide[k], device[k]);
    }
  }

  std::vector<OrtTensor> tensors, narrow;
  std::vector<std::unique_ptr<std::vector<std::int64_t>>> values;
};

// One run with the shapes and addresses that stood when it was enqueued.
struct Run {
  std::shared_ptr<EngineState> engine;
  std::vector<OrtTensor> inputs, outputs;
  std::shared_ptr<void> pending;  // counts this run until it is over or dropped
  void* scratch = nullptr;
  // How often the context's shapes had changed then. A graph that was captured before the last
  // change is undefined on the device.
  std::shared_ptr<std::atomic<int>> changes;
  int change = 0;

  cudaError_t operator()() const {
    if (work::breaks_device()) return cudaErrorIllegalAddress;
    if (!pending && *changes != change) return cudaErrorIllegalAddress;
    if (!work::can_reach(scratch, kActivationBytes)) return cudaErrorIllegalAddress;
    for (const auto* side : {&inputs, &outputs}) {
      for (const OrtTensor& tensor : *side) {
        const PlanTensor* planned = engine->find(tensor.name.c_str());
        const std::size_t size = elements_of(tensor.shape) * device_element_bytes(*planned);
        if (!work::can_reach(tensor.data, size)) return cudaErrorIllegalAddress;
      }
    }
    try {
      Wide wide_inputs(inputs), wide_outputs(outputs);
      wide_inputs.read();
      engine->model->run(wide_inputs.tensors, wide_outputs.tensors);
      wide_outputs.write();
    } catch (const std::exception& error) {
      log_error(*engine->logger,
                std::string("The double could not run the engine: ") + error.what());
      return cudaErrorLaunchFailure;
    }
    if (!is_wrong(engine->plan, work::wrong())) return cudaSuccess;
    for (const OrtTensor& tensor : outputs) {
      const std::size_t count = elements_of(tensor.shape);
      if (tensor.type == 1) flip_signs<std::uint32_t>(tensor.data, count, 0x80000000U);
      if (tensor.type == 10) flip_signs<std::uint16_t>(tensor.data, count, 0x8000U);
    }
    return cudaSuccess;
  }
};

class Context final : public nvinfer1::IExecutionContext {
 public:
  Context(const nvinfer1::ICudaEngine& engine, std::shared_ptr<EngineState> state,
          void* own_scratch)
      : engine_(engine),
        state_(std::move(state)),
        own_scratch_(own_scratch),
        scratch_(own_scratch) {
    ++state_->contexts;
    count_object("context", 1);
    for (const PlanTensor& tensor : state_->plan.tensors) {
      if (tensor.input) shapes_[tensor.name] = tensor.shape;
    }
    take_profile(0);
  }
  ~Context() noexcept override {
    if (*pending_ != 0) report_misuse("a context was deleted before its work was done");
    if (exclusive()) state_->profiles_in_use.erase(profile_);
    cudaFree(own_scratch_);
    --state_->contexts;
    count_object("context", -1);
  }

  nvinfer1::ICudaEngine const& getEngine() const noexcept override { return engine_; }
  void setName(char const* name) noexcept override { name_ = name; }
  char const* getName() const noexcept override { return name_.c_str(); }
  bool setOptimizationProfileAsync(int32_t profile, cudaStream_t) noexcept override {
    if (profile < 0 || profile >= engine_.getNbOptimizationProfiles()) {
      return refuse("setOptimizationProfileAsync: the engine has no profile " +
                    std::to_string(profile));
    }
    if (profile == profile_) return true;
    if (exclusive()) state_->profiles_in_use.erase(profile_);
    profile_ = -1;
    return take_profile(profile) ||
           refuse("setOptimizationProfileAsync: another context uses profile " +
                  std::to_string(profile));
  }
  int32_t getOptimizationProfile() const noexcept override { return profile_; }

  bool setInputShape(char const* name, nvinfer1::Dims const& dims) noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (fails("setInputShape")) return refuse("setInputShape failed (injected)");
    if (tensor == nullptr || !tensor->input) {
      return refuse(std::string("setInputShape: there is no input ") + (name ? name : "(null)"));
    }
    if (profile_ < 0) return refuse("setInputShape: no optimization profile is chosen");
    const Shape shape = doubles::shape_of(dims);
    const Shape least = doubles::shape_of(
        engine_.getProfileShape(name, profile_, nvinfer1::OptProfileSelector::kMIN));
    const Shape most = doubles::shape_of(
        engine_.getProfileShape(name, profile_, nvinfer1::OptProfileSelector::kMAX));
    bool fits = shape.size() == least.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
      fits = least[i] <= shape[i] && shape[i] <= most[i];
    }
    if (!fits) {
      return refuse("IExecutionContext::setInputShape: Error Code 3: API Usage Error (" +
                    tensor->name + ": " + shape_text(shape) + " is not in the range of profile " +
                    std::to_string(profile_) + ", " + shape_text(least) + " to " +
                    shape_text(most) + ")");
    }
    Shape& current = shapes_[tensor->name];
    if (current != shape) {
      changed_ = true;
      ++*changes_;
    }
    current = shape;
    return true;
  }
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (tensor == nullptr) return nvinfer1::Dims{-1, {}};
    if (tensor->input) return dims_of(shapes_.at(tensor->name));
    if (!allInputDimensionsSpecified()) return dims_of(tensor->shape);
    return dims_of(output_shape(*tensor));
  }
  bool allInputDimensionsSpecified() const noexcept override {
    return std::none_of(shapes_.begin(), shapes_.end(),
                        [](const auto& row) { return is_free(row.second); });
  }
  int32_t inferShapes(int32_t most, char const** names) noexcept override {
    int32_t missing = 0;
    for (const auto& [name, shape] : shapes_) {
      if (!is_free(shape)) continue;
      if (missing < most) names[missing] = name.c_str();
      ++missing;
    }
    return missing;
  }

  bool setTensorAddress(char const* name, void* data) noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (fails("setTensorAddress")) return refuse("setTensorAddress failed (injected)");
    if (tensor == nullptr) {
      return refuse(std::string("setTensorAddress: there is no tensor ") +
                    (name ? name : "(null)"));
    }
    addresses_[tensor->name] = data;
    return true;
  }
  bool setInputTensorAddress(char const* name, void const* data) noexcept override {
    const PlanTensor* tensor = state_->find(name);
    if (tensor == nullptr || !tensor->input) return refuse("setInputTensorAddress: no such input");
    return setTensorAddress(name, const_cast<void*>(data));
  }
  void const* getTensorAddress(char const* name) const noexcept override {
    const auto found = addresses_.find(name == nullptr ? "" : name);
    return found == addresses_.end() ? nullptr : found->second;
  }
#if NV_TENSORRT_MAJOR >= 10
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override {
    if (own_scratch_ != nullptr || static_cast<std::size_t>(size) < kActivationBytes) {
      report_misuse("setDeviceMemoryV2: too little, or of a context that brought its own");
    }
    scratch_ = memory;
  }
#endif
  void setEnqueueEmitsProfile(bool) noexcept override {}

  bool enqueueV3(cudaStream_t stream) noexcept override {
    if (fails("enqueueV3")) {
      return refuse("IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (injected)");
    }
    if (!is_ready()) return false;
    const bool capturing = is_capturing(stream);
    if (capturing && changed_) {
      // What new shapes need is done by the first plain run.
      invalidate_capture(stream);
      return refuse(
          "IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (operation not permitted when "
          "stream is capturing)");
    }
    if (*pending_ != 0 && stream != last_stream_) {
      report_misuse("a context was enqueued on a second stream before its first was done");
    }
    Run run{state_, {}, {}, capturing ? nullptr : count_pending(), scratch_, changes_, *changes_};
    for (const PlanTensor& tensor : state_->plan.tensors) {
      OrtTensor value{tensor.name, tensor.onnx_type,
                      tensor.input ? shapes_.at(tensor.name) : output_shape(tensor),
                      addresses_.at(tensor.name)};
      (tensor.input ? run.inputs : run.outputs).push_back(std::move(value));
    }
    const cudaError_t error = submit_fallible(stream, std::move(run), "cudaLaunchKernel");
    if (error != cudaSuccess) {
      return refuse(std::string("IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (") +
                    cudaGetErrorString(error) + ")");
    }
    last_stream_ = stream;
    if (!capturing) changed_ = false;
    return true;
  }

 private:
  bool refuse(const std::string& why) const {
    log_error(*state_->logger, why);
    return false;
  }

  bool exclusive() const {
    return NV_TENSORRT_MAJOR < 10 && state_->plan.profile_sharing == 0 &&
           !state_->plan.profiles.empty();
  }

  bool take_profile(int profile) {
    if (exclusive() && !state_->profiles_in_use.insert(profile).second) return false;
    profile_ = profile;
    changed_ = true;
    return true;
  }

  std::shared_ptr<void> count_pending() {
    ++*pending_;
    return {nullptr, [pending = pending_](void*) { --*pending; }};
  }

  bool is_ready() {
    if (profile_ < 0)
      return refuse("IExecutionContext::enqueueV3: no optimization profile is chosen");
    if (scratch_ == nullptr)
      return refuse(
          "IExecutionContext::enqueueV3: Error Code 3: API Usage Error (no device memory)");
    for (const PlanTensor& tensor : state_->plan.tensors) {
      if (getTensorAddress(tensor.name.c_str()) == nullptr) {
        return refuse(
            "IExecutionContext::enqueueV3: Error Code 3: API Usage Error (the address of " +
            tensor.name + " is not set)");
      }
    }
    for (const auto& [name, shape] : shapes_) {
      if (is_free(shape)) {
        return refuse("IExecutionContext::enqueueV3: Error Code 3: API Usage Error (the shape of " +
                      name + " is not set)");
      }
    }
    return true;
  }

  // A free dimension of an output is that of an input with the same name; where there is none, a
  // run on zeros tells.
  Shape output_shape(const PlanTensor& output) const {
    Shape shape = output.shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] < 0) shape[i] = named_length(output.dimensions[i]);
    }
    return is_free(shape) ? tried_shape(output) : shape;
  }

  std::int64_t named_length(const std::string& dimension) const {
    for (const PlanTensor& tensor : state_->plan.tensors) {
      for (std::size_t i = 0; tensor.input && !dimension.empty() && i < tensor.shape.size(); ++i) {
        if (tensor.dimensions[i] == dimension) return shapes_.at(tensor.name)[i];
      }
    }
    return -1;
  }

  Shape tried_shape(const PlanTensor& output) const {
    std::map<std::string, Shape>& known = tried_[shapes_];
    if (known.empty()) {
      std::vector<std::vector<char>> zeros;
      std::vector<OrtTensor> inputs;
      std::vector<std::string> names;
      for (const PlanTensor& tensor : state_->plan.tensors) {
        if (!tensor.input) {
          names.push_back(tensor.name);
          continue;
        }
        const Shape& shape = shapes_.at(tensor.name);
        zeros.emplace_back(elements_of(shape) * bytes_of_onnx_type(tensor.onnx_type) + 1);
        inputs.push_back({tensor.name, tensor.onnx_type, shape, zeros.back().data()});
      }
      const auto shapes = state_->model->output_shapes(inputs, names);
      for (std::size_t i = 0; i < names.size(); ++i) known[names[i]] = shapes[i];
    }
    return known.at(output.name);
  }

  const nvinfer1::ICudaEngine& engine_;
  std::shared_ptr<EngineState> state_;
  void* own_scratch_;
  void* scratch_;
  std::shared_ptr<std::atomic<int>> changes_ = std::make_shared<std::atomic<int>>(0);
  std::string name_;
  int profile_ = -1;
  bool changed_ = true;  // shapes, since the last plain run
  std::map<std::string, Shape> shapes_;
  std::map<std::string, void*> addresses_;
  mutable std::map<std::map<std::string, Shape>, std::map<std::string, Shape>> tried_;
  std::shared_ptr<std::atomic<int>> pending_ = std::make_shared<std::atomic<int>>(0);
  cudaStream_t last_stream_ = nullptr;
};

}  // namespace

nvinfer1::IExecutionContext* make_context(const nvinfer1::ICudaEngine& engine,
                                          std::shared_ptr<EngineState> state, bool own_scratch) {
  void* scratch = nullptr;
  if (own_scratch && cudaMalloc(&scratch, kActivationBytes) != cudaSuccess) {
    log_error(*state->logger, "Error Code 2: OutOfMemory (Requested size was 262144 bytes.)");
    return nullptr;
  }
  return new Context(engine, std::move(state), scratch);
}

}  // namespace samwire::doubles
