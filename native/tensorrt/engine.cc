#include "tensorrt/engine.h"

#include <algorithm>
#include <type_traits>

#include "frame/error.h"
#include "tensorrt/failure.h"
#include "tensorrt/library.h"
#include "tensorrt/plan_file.h"

namespace samwire::tensorrt {
namespace {

std::vector<Lengths> lengths_of(const nvinfer1::ICudaEngine& engine, const char* name, bool input) {
  const auto dims = engine.getTensorShape(name);
  using Select = nvinfer1::OptProfileSelector;
  const bool free = std::any_of(dims.d, dims.d + std::max(dims.nbDims, 0),
                                [](auto length) { return length < 0; });
  nvinfer1::Dims min = dims, max = dims;
  if (input && free) {
    min = engine.getProfileShape(name, 0, Select::kMIN);
    max = engine.getProfileShape(name, 0, Select::kMAX);
  }
  std::vector<Lengths> lengths;
  for (int i = 0; i < dims.nbDims; ++i) {
    if (dims.d[i] >= 0) {
      lengths.push_back({dims.d[i], dims.d[i]});
    } else {
      lengths.push_back({min.d[i], max.d[i]});
    }
  }
  return lengths;
}

std::vector<TensorFacts> facts_of(const nvinfer1::ICudaEngine& engine) {
  std::vector<TensorFacts> tensors;
  for (int i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* name = engine.getIOTensorName(i);
    TensorFacts facts;
    facts.name = name;
    facts.input = engine.getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
    facts.type = engine.getTensorDataType(name);
    facts.plain = engine.getTensorFormat(name) == nvinfer1::TensorFormat::kLINEAR &&
                  engine.getTensorLocation(name) == nvinfer1::TensorLocation::kDEVICE;
    facts.shape = lengths_of(engine, name, facts.input);
    tensors.push_back(std::move(facts));
  }
  return tensors;
}

// ExecutionContextAllocationStrategy::kUSER_MANAGED, which TensorRT 8 does not declare.
struct UserManaged {
  template <typename Strategy>
  requires std::is_enum_v<Strategy>
  operator Strategy() const { return static_cast<Strategy>(2); }
};

// Contexts that share their scratch memory came with TensorRT 10.
template <typename E>
concept SharesScratch = requires(E& engine) {
  engine.getDeviceMemorySizeV2();
  engine.createExecutionContext(UserManaged{});
};

template <typename E>
std::size_t shared_scratch_bytes(const E& engine) {
  if constexpr (SharesScratch<E>) {
    // Never 0, so that a network without scratch shares it, too.
    return std::max<std::size_t>(1, engine.getDeviceMemorySizeV2());
  } else {
    return 0;
  }
}

template <typename C>
void set_scratch(C* context, void* scratch, std::int64_t size_bytes) {
  if (context != nullptr) context->setDeviceMemoryV2(scratch, size_bytes);
}

template <typename E>
std::unique_ptr<nvinfer1::IExecutionContext> context_on(E& engine, [[maybe_unused]] void* scratch) {
  if constexpr (SharesScratch<E>) {
    std::unique_ptr<nvinfer1::IExecutionContext> context(
        engine.createExecutionContext(UserManaged{}));
    set_scratch(context.get(), scratch, engine.getDeviceMemorySizeV2());
    return context;
  } else {
    return std::unique_ptr<nvinfer1::IExecutionContext>(engine.createExecutionContext());
  }
}

}  // namespace

std::size_t floats_of(const nvinfer1::Dims& dims) {
  std::size_t count = 1;
  for (int i = 0; i < dims.nbDims; ++i) count *= static_cast<std::size_t>(dims.d[i]);
  return count;
}

bool operator==(const nvinfer1::Dims& a, const nvinfer1::Dims& b) {
  return a.nbDims == b.nbDims && std::equal(a.d, a.d + std::max(a.nbDims, 0), b.d);
}

std::string text_of(const nvinfer1::Dims& dims) {
  std::string text = "[";
  for (int i = 0; i < dims.nbDims; ++i) {
    text += (i == 0 ? "" : ", ") + (dims.d[i] < 0 ? "?" : std::to_string(dims.d[i]));
  }
  return text + "]";
}

std::string text_of(nvinfer1::DataType type) {
  switch (static_cast<int>(type)) {
    case 0:
      return "FP32";
    case 1:
      return "FP16";
    case 2:
      return "INT8";
    case 3:
      return "INT32";
    case 4:
      return "BOOL";
    case 5:
      return "UINT8";
    case 7:
      return "BF16";
    case 8:
      return "INT64";
    default:
      return "type " + std::to_string(static_cast<int>(type));
  }
}

Engine::Engine(const std::string& path, int dla_core, LogCapture& log) : path_(path), log_(&log) {
  require_library();
  const std::vector<char> plan = read_file(path);
  const std::string loading = "Loading " + path + " into TensorRT " + library().loaded;
  runtime_.reset(nvinfer1::createInferRuntime(logger()));
  if (!runtime_) fail("Starting TensorRT " + library().loaded, log);
  if (dla_core >= runtime_->getNbDLACores()) {
    throw Error("model_failed", path + " was built for DLA core " + std::to_string(dla_core) +
                                    "; this device has " +
                                    std::to_string(runtime_->getNbDLACores()) + " DLA cores");
  }
  if (dla_core >= 0) runtime_->setDLACore(dla_core);
  engine_.reset(runtime_->deserializeCudaEngine(plan.data(), plan.size()));
  if (!engine_) fail(loading, log);
  tensors_ = facts_of(*engine_);
}

std::size_t Engine::scratch_bytes() const { return shared_scratch_bytes(*engine_); }

std::unique_ptr<nvinfer1::IExecutionContext> Engine::make_context(void* scratch) {
  auto context = context_on(*engine_, scratch);
  if (!context) fail("Making a context of " + path_, *log_);
  return context;
}

}  // namespace samwire::tensorrt
