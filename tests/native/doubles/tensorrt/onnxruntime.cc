#include "doubles/tensorrt/onnxruntime.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace samwire::doubles {
namespace {

// The table of onnxruntime's C interface: functions are only ever appended, so the place of one
// is its name. Those that the double calls, with their places (onnxruntime_c_api.h, struct OrtApi).
enum Place {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kDisableMemPattern = 17,
  kDisableCpuMemArena = 19,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateTensorWithDataAsOrtValue = 49,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTensorTypeAndShapeInfo = 99,
  kReleaseSessionOptions = 100,
};
constexpr std::uint32_t kApiVersion = 16;  // any that has these
constexpr int kLogErrors = 3;
constexpr int kArenaAllocator = 1, kDefaultMemory = 0;

struct ApiBase {
  void* const* (*get_api)(std::uint32_t version);
  const char* (*version)();
};

struct Onnxruntime {
  void* const* api = nullptr;
  void* environment = nullptr;
  void* memory = nullptr;
};

template <typename Result, typename... Arguments>
Result call(void* const* api, Place place, Arguments... arguments) {
  return reinterpret_cast<Result (*)(Arguments...)>(api[place])(arguments...);
}

// For functions that return a status.
template <typename... Arguments>
void check(void* const* api, Place place, Arguments... arguments) {
  void* status = call<void*>(api, place, arguments...);
  if (status == nullptr) return;
  const std::string message = call<const char*>(api, kGetErrorMessage, status);
  call<void>(api, kReleaseStatus, status);
  throw std::runtime_error(message);
}

Onnxruntime load() {
  const char* asked = std::getenv("SAMWIRE_DOUBLE_ONNXRUNTIME");
  const std::string path = asked != nullptr ? asked : SAMWIRE_DOUBLE_ONNXRUNTIME_PATH;
  // Its official builds send usage data unless this stands there when they are loaded.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  auto* get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) throw std::runtime_error(path + " has no OrtGetApiBase");
  Onnxruntime runtime;
  runtime.api = get_base()->get_api(kApiVersion);
  if (runtime.api == nullptr) throw std::runtime_error(path + " is too old");
  check(runtime.api, kCreateEnv, kLogErrors, "samwire-double", &runtime.environment);
  check(runtime.api, kCreateCpuMemoryInfo, kArenaAllocator, kDefaultMemory, &runtime.memory);
  return runtime;
}

// Never released: onnxruntime has one environment for a process, and others may use it.
const Onnxruntime& runtime() {
  static const Onnxruntime loaded = load();
  return loaded;
}

class Value {
 public:
  explicit Value(const OrtTensor& tensor) {
    std::size_t size = bytes_of_onnx_type(tensor.type);
    for (const std::int64_t length : tensor.shape) size *= static_cast<std::size_t>(length);
    check(runtime().api, kCreateTensorWithDataAsOrtValue,
          static_cast<const void*>(runtime().memory), tensor.data, size, tensor.shape.data(),
          tensor.shape.size(), tensor.type, &value_);
  }
  explicit Value(void* value) : value_(value) {}
  Value(Value&& other) noexcept : value_(other.value_) { other.value_ = nullptr; }
  Value& operator=(Value&&) = delete;
  ~Value() {
    if (value_ != nullptr) call<void>(runtime().api, kReleaseValue, value_);
  }
  void* get() const { return value_; }

 private:
  void* value_ = nullptr;
};

struct Arguments {
  std::vector<Value> owned;
  std::vector<const char*> names;
  std::vector<void*> values;

  explicit Arguments(const std::vector<OrtTensor>& tensors) {
    for (const OrtTensor& tensor : tensors) {
      owned.emplace_back(tensor);
      names.push_back(tensor.name.c_str());
      values.push_back(owned.back().get());
    }
  }
};

std::vector<std::int64_t> shape_of(void* value) {
  void* const* api = runtime().api;
  void* info = nullptr;
  check(api, kGetTensorTypeAndShape, static_cast<const void*>(value), &info);
  std::size_t count = 0;
  check(api, kGetDimensionsCount, static_cast<const void*>(info), &count);
  std::vector<std::int64_t> shape(count);
  check(api, kGetDimensions, static_cast<const void*>(info), shape.data(), count);
  call<void>(api, kReleaseTensorTypeAndShapeInfo, info);
  return shape;
}

}  // namespace

std::size_t bytes_of_onnx_type(int type) {
  switch (type) {
    case 2:  // UINT8
    case 3:  // INT8
    case 9:  // BOOL
      return 1;
    case 10:  // FLOAT16
    case 16:  // BFLOAT16
      return 2;
    case 7:   // INT64
    case 11:  // DOUBLE
      return 8;
    default:
      return 4;
  }
}

struct OrtModel::Session {
  void* handle = nullptr;
};

OrtModel::OrtModel(const void* bytes, std::size_t size) : session_(std::make_unique<Session>()) {
  void* const* api = runtime().api;
  void* options = nullptr;
  check(api, kCreateSessionOptions, &options);
  try {
    check(api, kSetIntraOpNumThreads, options, 1);
    check(api, kSetInterOpNumThreads, options, 1);
    check(api, kDisableMemPattern, options);
    check(api, kDisableCpuMemArena, options);
    check(api, kCreateSessionFromArray, static_cast<const void*>(runtime().environment), bytes,
          size, static_cast<const void*>(options), &session_->handle);
  } catch (...) {
    call<void>(api, kReleaseSessionOptions, options);
    throw;
  }
  call<void>(api, kReleaseSessionOptions, options);
}

OrtModel::~OrtModel() {
  if (session_->handle != nullptr) call<void>(runtime().api, kReleaseSession, session_->handle);
}

void OrtModel::run(const std::vector<OrtTensor>& inputs,
                   const std::vector<OrtTensor>& outputs) const {
  const Arguments in(inputs);
  Arguments out(outputs);
  check(runtime().api, kRun, session_->handle, static_cast<const void*>(nullptr), in.names.data(),
        in.values.data(), in.values.size(), out.names.data(), out.names.size(), out.values.data());
}

std::vector<std::vector<std::int64_t>> OrtModel::output_shapes(
    const std::vector<OrtTensor>& inputs, const std::vector<std::string>& outputs) const {
  const Arguments in(inputs);
  std::vector<const char*> names;
  for (const std::string& name : outputs) names.push_back(name.c_str());
  std::vector<void*> values(outputs.size(), nullptr);
  check(runtime().api, kRun, session_->handle, static_cast<const void*>(nullptr), in.names.data(),
        in.values.data(), in.values.size(), names.data(), names.size(), values.data());
  std::vector<std::vector<std::int64_t>> shapes;
  for (void* value : values) shapes.push_back(shape_of(Value(value).get()));
  return shapes;
}

}  // namespace samwire::doubles
