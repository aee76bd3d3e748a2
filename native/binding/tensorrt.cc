#include <string>
#include <utility>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "frame/error.h"

#ifdef SAMWIRE_TENSORRT
#include <optional>

#include "binding/progress.h"
#include "binding/tensorrt_values.h"
#include "cuda/device.h"
#include "tensorrt/builder.h"
#include "tensorrt/library.h"
#endif

namespace samwire::binding {
namespace {

// `text` becomes a sentence, since others follow it.
Napi::Object problem(Napi::Env env, const char* piece, const std::string& text) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("piece", piece);
  object.Set("text", text.ends_with('.') ? text : text + ".");
  return object;
}

#ifdef SAMWIRE_TENSORRT

// 12060 -> "12.6".
std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Napi::Object to_js(Napi::Env env, const cuda::Device& device) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", device.index);
  object.Set("name", device.name);
  object.Set("computeCapability",
             std::to_string(device.major) + "." + std::to_string(device.minor));
  object.Set("integrated", device.integrated);
  object.Set("memoryBytes", static_cast<double>(device.memory_bytes));
  object.Set("driverCuda", cuda_version(device.driver_version));
  object.Set("runtimeCuda", cuda_version(device.runtime_version));
  return object;
}

Napi::Value tensorrt_status(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const int index = info[0].IsUndefined() ? 0 : int_argument(info, 0);
    const tensorrt::LibraryInfo& library = tensorrt::library();
    std::string no_device;
    const std::optional<cuda::Device> device = cuda::find_device(index, no_device);
    Napi::Object status = Napi::Object::New(env);
    status.Set("compiled", library.compiled);
    status.Set("library",
               library.loaded.empty() ? env.Null() : Napi::String::New(env, library.loaded));
    status.Set("device", device ? to_js(env, *device) : env.Null());
    status.Set("problem", env.Null());
    if (!library.problem.empty()) {
      status.Set("problem", problem(env, library.piece.c_str(), library.problem));
    } else if (!device) {
      status.Set("problem", problem(env, "device", no_device));
    }
    return status;
  });
}

Napi::Value build_engine(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const tensorrt::BuildRequest request = build_request(object_argument(info, 0));
    const int fd = int_argument(info, 1);
    const tensorrt::BuildResult built = tensorrt::build_engine(
        request, [fd](const tensorrt::BuildProgress& progress) { write_progress(fd, progress); });
    Napi::Array warnings = Napi::Array::New(env, built.warnings.size());
    for (std::uint32_t i = 0; i < built.warnings.size(); ++i) warnings.Set(i, built.warnings[i]);
    Napi::Object result = Napi::Object::New(env);
    result.Set("planBytes", static_cast<double>(built.plan_bytes));
    result.Set("tensorrtVersion", built.tensorrt_version);
    result.Set("warnings", warnings);
    return result;
  });
}

#else

constexpr const char* kNotCompiled =
    "This addon was compiled without TensorRT: the headers of CUDA and TensorRT were not found "
    "then.";

Napi::Value tensorrt_status(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    Napi::Object status = Napi::Object::New(info.Env());
    for (const char* key : {"compiled", "library", "device"}) status.Set(key, info.Env().Null());
    status.Set("problem", problem(info.Env(), "headers", kNotCompiled));
    return status;
  });
}

Napi::Value build_engine(const Napi::CallbackInfo& info) {
  return call(info.Env(), []() -> Napi::Value { throw Error("model_failed", kNotCompiled); });
}

Napi::Value open_tensorrt(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Promise::Deferred deferred(info.Env());
    deferred.Reject(to_js_error(info.Env(), Error("model_failed", kNotCompiled)).Value());
    return deferred.Promise();
  });
}

#endif

}  // namespace

void export_tensorrt(Napi::Env env, Napi::Object exports) {
  exports.Set("tensorrtStatus", Napi::Function::New(env, tensorrt_status, "tensorrtStatus"));
  exports.Set("buildEngine", Napi::Function::New(env, build_engine, "buildEngine"));
#ifdef SAMWIRE_TENSORRT
  export_tensorrt_segmenter(env, exports);
#else
  exports.Set("openTensorrt", Napi::Function::New(env, open_tensorrt, "openTensorrt"));
#endif
}

}  // namespace samwire::binding
