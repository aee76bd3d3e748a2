#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "frame/error.h"
#include "frame/registry.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

std::uint16_t units_of(const Napi::Object& object, const char* key) {
  const int units = int_of(object, key);
  if (units < 0 || units > 65535) {
    throw Error("invalid_argument",
                std::string("Expected ") + key + " to be 0 to 65535, got " + std::to_string(units));
  }
  return static_cast<std::uint16_t>(units);
}

DepthModel depth_model(const Napi::Object& object) {
  DepthModel model;
  model.fx = number_of(object, "fx");
  model.fy = number_of(object, "fy");
  model.cx = number_of(object, "cx");
  model.cy = number_of(object, "cy");
  model.scale = number_of(object, "scale");
  model.nearest = units_of(object, "nearest");
  model.farthest = units_of(object, "farthest");
  return model;
}

Napi::Value measure_depth(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const std::uint64_t id = frame_id_of(info[0]);
    const int width = int_argument(info, 2);
    const int height = int_argument(info, 3);
    const DepthModel model = depth_model(object_argument(info, 4));
    const auto counts = rle_decompress(string_argument(info, 1), width, height);
    const FramePtr depth = FrameRegistry::instance().linked(id);
    if (depth == nullptr) return info.Env().Null();
    auto& meter = info.Env().GetInstanceData<EnvironmentData>()->depth_meter;
    const MaskDepth measured = meter.measure(counts, width, height, depth->view, model);
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("pixels", static_cast<double>(measured.pixels));
    object.Set("valid", static_cast<double>(measured.valid));
    object.Set("median", measured.median);
    Napi::Array centroid = Napi::Array::New(info.Env(), 3);
    for (std::uint32_t i = 0; i < 3; ++i) centroid.Set(i, measured.centroid[i]);
    object.Set("centroid", centroid);
    return object;
  });
}

Napi::Value linked_depth(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr depth = FrameRegistry::instance().linked(frame_id_of(info[0]));
    return depth == nullptr ? info.Env().Null() : to_js(info.Env(), *depth);
  });
}

}  // namespace

void export_depth(Napi::Env env, Napi::Object exports) {
  exports.Set("linkedDepth", Napi::Function::New(env, linked_depth, "linkedDepth"));
  exports.Set("measureDepth", Napi::Function::New(env, measure_depth, "measureDepth"));
}

}  // namespace samwire::binding
