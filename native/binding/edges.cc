#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "edges/boundary_counts.h"
#include "edges/edge_map.h"
#include "edges/soft_edges.h"

namespace samwire::binding {
namespace {

std::size_t pixels_of(int width, int height) {
  if (width < 1 || height < 1 || width > kMaxMaskSide || height > kMaxMaskSide) {
    throw Error("invalid_argument", "Expected 1 to " + std::to_string(kMaxMaskSide) +
                                        " pixels by axis, got " + std::to_string(width) + " x " +
                                        std::to_string(height) + ".");
  }
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

template <typename Array>
void check_length(const Array& array, std::size_t pixels, const char* what) {
  if (array.ElementLength() == pixels) return;
  throw Error("invalid_argument", std::string("Expected ") + what + " of " +
                                      std::to_string(pixels) + " pixels, got " +
                                      std::to_string(array.ElementLength()) + ".");
}

Napi::Value add_soft_edges(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const MaskSpec spec = mask_spec(object_argument(info, 1));
    SoftEdges edges(spec);
    const int index = int_argument(info, 2);
    const auto logits = floats_argument(info, 0);
    auto strength = floats_argument(info, 3);
    check_length(strength, pixels_of(spec.frame_width, spec.frame_height), "an edge map");
    edges.add(plane_of(logits, spec, index), strength.Data());
    return info.Env().Undefined();
  });
}

Napi::Value edge_map(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const auto strength = floats_argument(info, 0);
    check_length(strength, pixels_of(width, height), "an edge map");
    auto out = Napi::Uint8Array::New(info.Env(), strength.ElementLength());
    finish_edge_map(strength.Data(), width, height, out.Data());
    return out;
  });
}

Napi::Value boundary_counts(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Napi::Object object = object_argument(info, 0);
    BoundaryCountRequest request;
    request.width = int_of(object, "width");
    request.height = int_of(object, "height");
    request.level = int_of(object, "level");
    request.max_distance = number_of(object, "maxDistance");
    request.thin = bool_of(object, "thin");
    const std::size_t pixels = pixels_of(request.width, request.height);
    const Napi::Value truths = object.Get("truths");
    if (!truths.IsArray()) throw Error("invalid_argument", "Expected truths to be an array.");
    const Napi::Value edges_value = object.Get("edges");
    std::vector<Napi::Value> values;
    for (std::uint32_t i = 0; i < truths.As<Napi::Array>().Length(); ++i) {
      values.push_back(truths.As<Napi::Array>().Get(i));
    }
    // No JS runs from here on, which might detach the memory.
    for (const Napi::Value& value : values) {
      const Napi::Uint8Array truth = bytes_of(value, "a boundary map");
      check_length(truth, pixels, "a boundary map");
      request.truths.push_back(truth.Data());
    }
    const Napi::Uint8Array edges = bytes_of(edges_value, "the edge map");
    check_length(edges, pixels, "an edge map");
    request.edges = edges.Data();
    const BoundaryCounts counts = count_boundaries(request);
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("matchedTruth", static_cast<double>(counts.matched_truth));
    out.Set("truth", static_cast<double>(counts.truth));
    out.Set("matchedFound", static_cast<double>(counts.matched_found));
    out.Set("found", static_cast<double>(counts.found));
    return out;
  });
}

}  // namespace

void export_edges(Napi::Env env, Napi::Object exports) {
  exports.Set("addSoftEdges", Napi::Function::New(env, add_soft_edges, "addSoftEdges"));
  exports.Set("edgeMap", Napi::Function::New(env, edge_map, "edgeMap"));
  exports.Set("boundaryCounts", Napi::Function::New(env, boundary_counts, "boundaryCounts"));
}

}  // namespace samwire::binding
