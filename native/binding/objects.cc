#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "mask/prototypes.h"
#include "mask/rle.h"
#include "mask/runs.h"

// Masks of networks that find objects by themselves, and what prompts make of them.
namespace samwire::binding {
namespace {

Napi::Array array_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsArray()) {
    throw Error("invalid_argument",
                "Expected argument " + std::to_string(index + 1) + " to be an array.");
  }
  return info[index].As<Napi::Array>();
}

Napi::Object object_in(const Napi::Array& array, std::uint32_t index) {
  const Napi::Value value = array.Get(index);
  if (!value.IsObject()) {
    throw Error("invalid_argument",
                "Expected element " + std::to_string(index) + " to be an object.");
  }
  return value.As<Napi::Object>();
}

// masksFromPrototypes(prototypes, coefficients, boxes, spec)
Napi::Value masks_from_prototypes(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    PrototypeMasks masks(mask_spec(object_argument(info, 3)));
    const auto prototypes = floats_argument(info, 0);
    const auto coefficients = floats_argument(info, 1);
    const auto boxes = floats_argument(info, 2);
    const std::size_t count = boxes.ElementLength() / 4;
    const std::size_t channels = count == 0 ? 0 : coefficients.ElementLength() / count;
    const std::size_t plane = masks.plane_size();
    if (boxes.ElementLength() != count * 4 || coefficients.ElementLength() != count * channels ||
        (count > 0 && prototypes.ElementLength() != channels * plane)) {
      throw Error("invalid_argument", "Expected prototypes [k, " + std::to_string(plane) +
                                          "], coefficients [n, k] and boxes [n, 4]; got " +
                                          std::to_string(prototypes.ElementLength()) + ", " +
                                          std::to_string(coefficients.ElementLength()) + " and " +
                                          std::to_string(boxes.ElementLength()) + " floats.");
    }
    // Nothing below runs JS, which could detach the arrays.
    std::vector<ObjectMask> found(count);
    for (std::size_t i = 0; i < count; ++i) {
      const float* box = boxes.Data() + 4 * i;
      masks.extract(prototypes.Data(), static_cast<int>(channels),
                    coefficients.Data() + i * channels, {box[0], box[1], box[2], box[3]}, found[i]);
    }
    Napi::Array out = Napi::Array::New(info.Env(), count);
    for (std::uint32_t i = 0; i < count; ++i) {
      Napi::Object object = Napi::Object::New(info.Env());
      object.Set("mask", mask_to_js(info.Env(), found[i].mask));
      object.Set("lowres", to_js(info.Env(), found[i].lowres));
      out.Set(i, object);
    }
    return out;
  });
}

// rleAreaInBox(counts, width, height, x1, y1, x2, y2)
Napi::Value rle_area_in_box(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int height = int_argument(info, 2);
    const auto counts = rle_decompress(string_argument(info, 0), int_argument(info, 1), height);
    const PixelBox box{int_argument(info, 3), int_argument(info, 4), int_argument(info, 5),
                       int_argument(info, 6)};
    return Napi::Number::New(info.Env(), static_cast<double>(area_in_box(counts, height, box)));
  });
}

// layRles(layers, width, height), layers being {counts, add}
Napi::Value lay_rles(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Array layers = array_argument(info, 0);
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    Runs laid = empty_runs(width, height);
    for (std::uint32_t i = 0; i < layers.Length(); ++i) {
      const Napi::Object layer = object_in(layers, i);
      const Runs counts = rle_decompress(string_of(layer, "counts"), width, height);
      laid = bool_of(layer, "add") ? unite_runs(laid, counts) : subtract_runs(laid, counts);
    }
    return mask_to_js(info.Env(), rle_measure(std::move(laid), height));
  });
}

}  // namespace

void export_objects(Napi::Env env, Napi::Object exports) {
  exports.Set("masksFromPrototypes",
              Napi::Function::New(env, masks_from_prototypes, "masksFromPrototypes"));
  exports.Set("rleAreaInBox", Napi::Function::New(env, rle_area_in_box, "rleAreaInBox"));
  exports.Set("layRles", Napi::Function::New(env, lay_rles, "layRles"));
}

}  // namespace samwire::binding
