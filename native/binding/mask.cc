#include "mask/mask.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "mask/extract.h"
#include "mask/lowres.h"
#include "mask/polygon.h"
#include "mask/regions.h"
#include "mask/rle.h"
#include "mask/rle_iou.h"
#include "mask/rle_ops.h"
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

// The runs of a compressed mask whose size is in the two arguments from `first` on.
struct SizedRuns {
  SizedRuns(const Napi::CallbackInfo& info, std::size_t first)
      : width(int_argument(info, first)),
        height(int_argument(info, first + 1)),
        counts(rle_decompress(string_argument(info, 0), width, height)) {}
  int width;
  int height;
  std::vector<std::uint32_t> counts;
};

Napi::Value uncrop_rle(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Region crop = region_of(info[1], "the crop");
    const auto counts = rle_decompress(string_argument(info, 0), crop.width, crop.height);
    const auto placed = rle_uncrop(counts, crop, int_argument(info, 2), int_argument(info, 3));
    return Napi::String::New(info.Env(), rle_compress(placed));
  });
}

Napi::Value sample_rle(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const SizedRuns mask(info, 1);
    const auto sampled = rle_sample(mask.counts, mask.width, mask.height, int_argument(info, 3),
                                    int_argument(info, 4));
    return Napi::String::New(info.Env(), rle_compress(sampled));
  });
}

Napi::Value small_regions(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const SizedRuns mask(info, 1);
    const double min_area = number_argument(info, 3);
    if (!(min_area >= 0 && min_area <= 2147483647)) {
      throw Error("invalid_argument", "Expected an area of 0 to 2^31 - 1 pixels.");
    }
    Cleaned cleaned = remove_small_regions(mask.counts, mask.width, mask.height,
                                           static_cast<std::int64_t>(std::ceil(min_area)));
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("changed", cleaned.changed);
    object.Set("mask", mask_to_js(info.Env(), rle_measure(std::move(cleaned.counts), mask.height)));
    return object;
  });
}

Napi::Value rle_contains(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const SizedRuns mask(info, 1);
    const RlePixels pixels(mask.counts, mask.width, mask.height);
    const auto points = floats_argument(info, 3);
    if (points.ElementLength() % 2 != 0) {
      throw Error("invalid_argument", "Expected points as pairs of x and y.");
    }
    const std::size_t count = points.ElementLength() / 2;
    const float* xy = points.Data();
    auto inside = Napi::Uint8Array::New(info.Env(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const float x = xy[2 * i];
      const float y = xy[2 * i + 1];
      const bool placed = x >= 0 && y >= 0 && x < mask.width && y < mask.height;
      inside[i] = placed && pixels.inside(static_cast<int>(x), static_cast<int>(y)) ? 1 : 0;
    }
    return inside;
  });
}

std::vector<std::vector<std::uint32_t>> all_runs(const std::vector<std::string>& masks, int width,
                                                 int height) {
  std::vector<std::vector<std::uint32_t>> runs;
  runs.reserve(masks.size());
  for (const std::string& mask : masks) runs.push_back(rle_decompress(mask, width, height));
  return runs;
}

Napi::Value iou_matrix(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const auto rows = strings_of(info[0], "the masks of the rows");
    const auto columns = strings_of(info[1], "the masks of the columns");
    const int width = int_argument(info, 2);
    const int height = int_argument(info, 3);
    const auto a = all_runs(rows, width, height);
    const auto b = all_runs(columns, width, height);
    auto out = Napi::Float64Array::New(info.Env(), a.size() * b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j)
        out[i * b.size() + j] = rle_overlap(a[i], b[j]).iou();
    }
    return out;
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
  exports.Set("uncropRle", Napi::Function::New(env, uncrop_rle, "uncropRle"));
  exports.Set("sampleRle", Napi::Function::New(env, sample_rle, "sampleRle"));
  exports.Set("removeSmallRegions", Napi::Function::New(env, small_regions, "removeSmallRegions"));
  exports.Set("rleContains", Napi::Function::New(env, rle_contains, "rleContains"));
  exports.Set("rleIouMatrix", Napi::Function::New(env, iou_matrix, "rleIouMatrix"));
}

}  // namespace samwire::binding
