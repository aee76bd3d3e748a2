#include "mask/mask.h"

#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "mask/extract.h"
#include "mask/lowres.h"
#include "mask/polygon.h"
#include "mask/rle.h"
#include "mask/sampling.h"

namespace samwire::binding {
namespace {

bool same(const Placement& a, const Placement& b) {
  return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height &&
         a.tensor_width == b.tensor_width && a.tensor_height == b.tensor_height;
}

bool same(const MaskSpec& a, const MaskSpec& b) {
  return a.grid_width == b.grid_width && a.grid_height == b.grid_height &&
         a.frame_width == b.frame_width && a.frame_height == b.frame_height &&
         a.via_input == b.via_input && a.threshold == b.threshold && a.inclusive == b.inclusive &&
         a.stability_offset == b.stability_offset && same(a.placement, b.placement);
}

MaskExtractor& extractor_for(Napi::Env env, const MaskSpec& spec) {
  auto& kept = env.GetInstanceData<EnvironmentData>()->extractor;
  if (!kept || !same(kept->spec(), spec)) kept = std::make_unique<MaskExtractor>(spec);
  return *kept;
}

std::size_t plane_size(const MaskSpec& spec) {
  return static_cast<std::size_t>(spec.grid_width) * static_cast<std::size_t>(spec.grid_height);
}

// The plane of one candidate in `logits` [n, grid height, grid width].
const float* plane_of(const Napi::Float32Array& logits, const MaskSpec& spec, int index) {
  const std::size_t plane = plane_size(spec);
  if (index < 0 || (static_cast<std::size_t>(index) + 1) * plane > logits.ElementLength()) {
    throw Error("invalid_argument", "Expected logits with a plane " + std::to_string(index) +
                                        " of " + std::to_string(plane) + " floats, got " +
                                        std::to_string(logits.ElementLength()) + " floats.");
  }
  return logits.Data() + static_cast<std::size_t>(index) * plane;
}

// The planes named by a JS array; nothing where there is none.
std::optional<std::vector<int>> plane_indices(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  if (!value.IsArray()) throw Error("invalid_argument", "Expected indices to be an array.");
  const auto array = value.As<Napi::Array>();
  std::vector<int> indices;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value index = array.Get(i);
    indices.push_back(int_of(index, "an index"));
  }
  return indices;
}

std::vector<int> all_planes(const Napi::Float32Array& logits, const MaskSpec& spec) {
  if (logits.ElementLength() % plane_size(spec) != 0) {
    throw Error("invalid_argument", "Expected logits in planes of " +
                                        std::to_string(plane_size(spec)) + " floats, got " +
                                        std::to_string(logits.ElementLength()) + ".");
  }
  std::vector<int> indices(logits.ElementLength() / plane_size(spec));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

Napi::Value masks_from_logits(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const MaskSpec spec = mask_spec(object_argument(info, 1));
    const auto wanted = plane_indices(info[2]);
    const auto logits = floats_argument(info, 0);
    MaskExtractor& extractor = extractor_for(info.Env(), spec);
    const std::vector<int> indices = wanted ? *wanted : all_planes(logits, spec);
    Napi::Array out = Napi::Array::New(info.Env(), indices.size());
    MaskResult mask;
    for (std::uint32_t i = 0; i < indices.size(); ++i) {
      extractor.extract(plane_of(logits, spec, indices[i]), mask);
      out.Set(i, mask_to_js(info.Env(), mask));
    }
    return out;
  });
}

Napi::Value low_res(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const MaskSpec spec = mask_spec(object_argument(info, 1));
    check_mask_spec(spec);
    const auto logits = floats_argument(info, 0);
    const LowResMask mask = low_res_mask(plane_of(logits, spec, int_argument(info, 2)), spec);
    return to_js(info.Env(), mask);
  });
}

Napi::Value rle_to_mask(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const auto counts = rle_decompress(string_argument(info, 0), width, height);
    auto bitmap = Napi::Uint8Array::New(
        info.Env(), static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    rle_to_bitmap(counts, width, height, bitmap.Data());
    return bitmap;
  });
}

Napi::Value mask_to_rle(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Uint8Array bitmap = bytes_of(info[0], "the mask");
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    if (width < 1 || height < 1 ||
        bitmap.ElementLength() !=
            static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
      throw Error("invalid_argument", "Expected a mask of width x height bytes, got " +
                                          std::to_string(bitmap.ElementLength()) + ".");
    }
    return mask_to_js(info.Env(), bitmap_to_rle(bitmap.Data(), width, height));
  });
}

Napi::Array ring_to_js(Napi::Env env, const std::vector<std::int32_t>& ring) {
  Napi::Array array = Napi::Array::New(env, ring.size());
  for (std::uint32_t i = 0; i < ring.size(); ++i) array.Set(i, ring[i]);
  return array;
}

Napi::Value to_polygons(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const auto counts = rle_decompress(string_argument(info, 0), width, height);
    const auto polygons = rle_to_polygons(counts, width, height, number_argument(info, 3));
    Napi::Array out = Napi::Array::New(info.Env(), polygons.size());
    for (std::uint32_t i = 0; i < polygons.size(); ++i) {
      Napi::Object polygon = Napi::Object::New(info.Env());
      polygon.Set("outer", ring_to_js(info.Env(), polygons[i].outer));
      Napi::Array holes = Napi::Array::New(info.Env(), polygons[i].holes.size());
      for (std::uint32_t j = 0; j < polygons[i].holes.size(); ++j) {
        holes.Set(j, ring_to_js(info.Env(), polygons[i].holes[j]));
      }
      polygon.Set("holes", holes);
      out.Set(i, polygon);
    }
    return out;
  });
}

Napi::Value to_logits(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const std::string text = string_argument(info, 0);
    const MaskSpec spec = mask_spec(object_argument(info, 1));
    check_mask_spec(spec);
    auto out = floats_argument(info, 3);
    if (out.ElementLength() != plane_size(spec)) {
      throw Error("invalid_argument", "Expected room for the grid's logits.");
    }
    const auto counts = rle_decompress(text, spec.frame_width, spec.frame_height);
    rle_to_logits(counts, spec, static_cast<float>(number_argument(info, 2)), out.Data());
    return info.Env().Undefined();
  });
}

}  // namespace

void export_mask(Napi::Env env, Napi::Object exports) {
  exports.Set("masksFromLogits", Napi::Function::New(env, masks_from_logits, "masksFromLogits"));
  exports.Set("lowResMask", Napi::Function::New(env, low_res, "lowResMask"));
  exports.Set("rleToMask", Napi::Function::New(env, rle_to_mask, "rleToMask"));
  exports.Set("maskToRle", Napi::Function::New(env, mask_to_rle, "maskToRle"));
  exports.Set("rleToPolygons", Napi::Function::New(env, to_polygons, "rleToPolygons"));
  exports.Set("rleToLogits", Napi::Function::New(env, to_logits, "rleToLogits"));
}

}  // namespace samwire::binding
