#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "mask/centroid.h"
#include "mask/deepest.h"
#include "mask/polygon_fill.h"
#include "mask/rle.h"
#include "mask/rle_iou.h"

namespace samwire::binding {
namespace {

Napi::Value rle_iou(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 2);
    const int height = int_argument(info, 3);
    const auto a = rle_decompress(string_argument(info, 0), width, height);
    const auto b = rle_decompress(string_argument(info, 1), width, height);
    return Napi::Number::New(info.Env(), rle_overlap(a, b).iou());
  });
}

Napi::Value rle_deepest(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const auto counts = rle_decompress(string_argument(info, 0), width, height);
    const auto deepest = deepest_pixel(counts, height);
    if (!deepest) return info.Env().Null();
    Napi::Array point = Napi::Array::New(info.Env(), 2);
    point.Set(0u, deepest->x);
    point.Set(1u, deepest->y);
    return point;
  });
}

Napi::Value rle_centroid(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const auto counts = rle_decompress(string_argument(info, 0), width, height);
    const auto centroid = mask_centroid(counts, height);
    if (!centroid) return info.Env().Null();
    Napi::Array point = Napi::Array::New(info.Env(), 2);
    point.Set(0u, centroid->x);
    point.Set(1u, centroid->y);
    return point;
  });
}

std::vector<double> ring_of(const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    throw Error("invalid_argument", "Expected each polygon to be a Float64Array.");
  }
  const auto numbers = value.As<Napi::Float64Array>();
  return {numbers.Data(), numbers.Data() + numbers.ElementLength()};
}

Napi::Value polygons_to_rle(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsArray()) throw Error("invalid_argument", "Expected an array of polygons.");
    const auto array = info[0].As<Napi::Array>();
    std::vector<std::vector<double>> rings;
    for (std::uint32_t i = 0; i < array.Length(); ++i) rings.push_back(ring_of(array.Get(i)));
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    return mask_to_js(info.Env(), fill_polygons(rings, width, height));
  });
}

}  // namespace

void export_mask_measure(Napi::Env env, Napi::Object exports) {
  exports.Set("rleIou", Napi::Function::New(env, rle_iou, "rleIou"));
  exports.Set("rleDeepest", Napi::Function::New(env, rle_deepest, "rleDeepest"));
  exports.Set("rleCentroid", Napi::Function::New(env, rle_centroid, "rleCentroid"));
  exports.Set("polygonsToRle", Napi::Function::New(env, polygons_to_rle, "polygonsToRle"));
}

}  // namespace samwire::binding
