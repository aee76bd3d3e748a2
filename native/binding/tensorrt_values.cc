#ifdef SAMWIRE_TENSORRT

#include "binding/tensorrt_values.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "binding/convert.h"
#include "frame/error.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

[[noreturn]] void wrong(const std::string& expected) {
  throw Error("invalid_argument", "Expected " + expected + ".");
}

Napi::Array array_of(const Napi::Value& value, const char* where) {
  if (!value.IsArray()) wrong(std::string(where) + " to be an array");
  return value.As<Napi::Array>();
}

Napi::Object element(const Napi::Array& array, std::uint32_t index, const char* where) {
  const Napi::Value value = array.Get(index);
  if (!value.IsObject()) wrong(std::string("each of ") + where + " to be an object");
  return value.As<Napi::Object>();
}

int at_least(int low, const Napi::Object& object, const char* key) {
  const int value = int_of(object, key);
  if (value < low) wrong(std::string(key) + " of " + std::to_string(low) + " or more");
  return value;
}

std::vector<float> floats_of(const Napi::Value& value, const char* where) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    wrong(std::string(where) + " to be a Float32Array");
  }
  const auto array = value.As<Napi::Float32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

tensorrt::BuildPrecision precision_of(const std::string& name) {
  if (name == "typed") return tensorrt::BuildPrecision::kTyped;
  if (name == "fp16") return tensorrt::BuildPrecision::kFp16;
  if (name == "fp32") return tensorrt::BuildPrecision::kFp32;
  if (name == "int8") return tensorrt::BuildPrecision::kInt8;
  wrong("precision to be typed, fp16, fp32 or int8");
}

std::vector<std::int64_t> lengths_of(const Napi::Object& object, const char* key) {
  const Napi::Array array = array_of(object.Get(key), key);
  std::vector<std::int64_t> lengths;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    lengths.push_back(int_of(array.Get(i), key));
  }
  return lengths;
}

std::vector<std::string> names_of(const Napi::Object& object, const char* key) {
  const Napi::Array array = array_of(object.Get(key), key);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value name = array.Get(i);
    if (!name.IsString()) wrong(std::string(key) + " to be names");
    names.push_back(name.As<Napi::String>().Utf8Value());
  }
  return names;
}

// The candidates that one is chosen from, as bits.
std::uint32_t bits_of(const Napi::Object& object, const char* key, int candidates) {
  std::uint32_t bits = 0;
  for (const std::int64_t index : lengths_of(object, key)) {
    if (index < 0 || index >= std::min(candidates, 32)) wrong(std::string(key) + " of candidates");
    bits |= 1U << index;
  }
  return bits;
}

tensorrt::MaskStart start_of(const Napi::Value& value) {
  tensorrt::MaskStart start;
  if (value.IsNumber()) {
    start.slot = int_of(value, "a start");
  } else if (!value.IsNull()) {
    start.logits = floats_of(value, "a start");
  }
  return start;
}

tensorrt::PromptGroup group_of(const Napi::Object& object) {
  tensorrt::PromptGroup group;
  group.rows = int_of(object, "rows");
  group.points = int_of(object, "points");
  group.coords = floats_of(object.Get("coords"), "coords");
  group.labels = floats_of(object.Get("labels"), "labels");
  if (const Napi::Value starts = object.Get("starts"); !starts.IsUndefined()) {
    const Napi::Array array = array_of(starts, "starts");
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      group.starts.push_back(start_of(array.Get(i)));
    }
  }
  const Napi::Array tasks = array_of(object.Get("tasks"), "tasks");
  for (std::uint32_t i = 0; i < tasks.Length(); ++i) {
    const Napi::Object task = element(tasks, i, "tasks");
    group.tasks.push_back({.row = int_of(task, "row"),
                           .plane = int_of(task, "plane"),
                           .points = group.points,
                           .keep = int_of(task, "keep")});
  }
  return group;
}

Napi::Array pair(Napi::Env env, double first, double second) {
  Napi::Array array = Napi::Array::New(env, 2);
  array.Set(0u, first);
  array.Set(1u, second);
  return array;
}

Napi::Object to_js(Napi::Env env, const Reply::Mask& from) {
  Napi::Object mask = Napi::Object::New(env);
  mask.Set("counts", from.counts);
  mask.Set("area", static_cast<double>(from.mask.area));
  mask.Set("stability", from.mask.stability);
  mask.Set("box", env.Null());
  if (from.mask.area > 0) {
    Napi::Array box = Napi::Array::New(env, 4);
    for (std::uint32_t i = 0; i < 4; ++i) box.Set(i, from.mask.box[i]);
    mask.Set("box", box);
  }
  Napi::Object lowres = Napi::Object::New(env);
  lowres.Set("size", pair(env, from.lowres.height, from.lowres.width));
  lowres.Set("counts", from.lowres_counts);
  lowres.Set("scale", pair(env, from.lowres.scale_x, from.lowres.scale_y));
  Napi::Object object = Napi::Object::New(env);
  object.Set("plane", from.plane);
  object.Set("score", from.score);
  object.Set("mask", mask);
  object.Set("lowres", lowres);
  return object;
}

Reply::Mask reply_mask(cuda::DeviceMask&& from) {
  Reply::Mask mask;
  mask.plane = from.plane;
  mask.score = from.score;
  mask.counts = rle_compress(from.mask.counts);
  mask.lowres_counts = rle_compress(from.lowres.mask.counts);
  mask.mask = std::move(from.mask);
  mask.lowres = std::move(from.lowres);
  mask.mask.counts = {};
  mask.lowres.mask.counts = {};
  return mask;
}

}  // namespace

tensorrt::BuildRequest build_request(const Napi::Object& object) {
  tensorrt::BuildRequest request;
  request.onnx_path = string_of(object, "onnxPath");
  request.plan_path = string_of(object, "planPath");
  request.timing_cache_path = string_of(object, "timingCachePath");
  request.precision = precision_of(string_of(object, "precision"));
  request.fp32_nodes = names_of(object, "fp32Nodes");
  const Napi::Array shapes = array_of(object.Get("shapes"), "shapes");
  for (std::uint32_t i = 0; i < shapes.Length(); ++i) {
    const Napi::Object shape = element(shapes, i, "shapes");
    request.shapes.push_back({.input = string_of(shape, "input"),
                              .min = lengths_of(shape, "min"),
                              .opt = lengths_of(shape, "opt"),
                              .max = lengths_of(shape, "max")});
  }
  request.workspace_bytes = count_of(object, "workspaceBytes");
  request.optimization_level = int_of(object, "optimizationLevel");
  request.dla_core = int_of(object, "dlaCore");
  request.device = int_of(object, "device");
  return request;
}

tensorrt::ModelSpec model_spec(const Napi::Object& object) {
  tensorrt::ModelSpec model;
  model.image = image_spec(object_of(object, "image"));
  const Napi::Object encoder = object_of(object, "encoder");
  model.encoder.image = string_of(encoder, "image");
  model.encoder.embedding = string_of(encoder, "embedding");
  model.encoder.features = names_of(encoder, "features");
  const Napi::Object decoder = object_of(object, "decoder");
  model.decoder.embeddings = string_of(decoder, "embeddings");
  model.decoder.coords = string_of(decoder, "coords");
  model.decoder.labels = string_of(decoder, "labels");
  model.decoder.low_res = string_of(decoder, "lowRes");
  model.decoder.iou = string_of(decoder, "iou");
  model.decoder.mask_input = string_of(decoder, "maskInput");
  model.decoder.has_mask_input = string_of(decoder, "hasMaskInput");
  model.decoder.orig_size = string_of(decoder, "origSize");
  model.coords_rank = at_least(1, object, "coordsRank");
  model.grid_width = at_least(1, object, "gridWidth");
  model.grid_height = at_least(1, object, "gridHeight");
  model.candidates = at_least(1, object, "candidates");
  model.max_prompts = at_least(1, object, "maxPrompts");
  model.max_points = at_least(1, object, "maxPoints");
  model.choice.multi = bits_of(object, "multi", model.candidates);
  model.choice.delta = static_cast<float>(number_of(object, "stabilityDelta"));
  model.choice.share = static_cast<float>(number_of(object, "stabilityThreshold"));
  if (const double limit = number_of(object, "refineClamp"); limit > 0) {
    model.keep_limit = static_cast<float>(limit);
  }
  return model;
}

tensorrt::OpenOptions open_options(const Napi::Object& object) {
  tensorrt::OpenOptions options;
  options.encoder_plan = string_of(object, "encoderPlan");
  options.decoder_plan = string_of(object, "decoderPlan");
  options.device = int_of(object, "device");
  options.dla_core = int_of(object, "dlaCore");
  options.embeddings_kept = at_least(1, object, "embeddingsKept");
  options.logits_kept = at_least(0, object, "logitsKept");
  options.requests_at_once = at_least(1, object, "requestsAtOnce");
  options.frame_width = at_least(1, object, "frameWidth");
  options.frame_height = at_least(1, object, "frameHeight");
  return options;
}

std::vector<tensorrt::PromptGroup> prompt_groups(const Napi::Value& value) {
  const Napi::Array array = array_of(value, "the groups");
  std::vector<tensorrt::PromptGroup> groups;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    groups.push_back(group_of(element(array, i, "the groups")));
  }
  return groups;
}

Reply reply_of(tensorrt::Outcome outcome) noexcept {
  Reply reply;
  reply.error = outcome.error;
  if (reply.error) return reply;
  try {
    for (auto& group : outcome.answer->masks) {
      auto& masks = reply.masks.emplace_back();
      for (cuda::DeviceMask& mask : group) masks.push_back(reply_mask(std::move(mask)));
    }
    reply.timing = outcome.answer->timing;
  } catch (...) {
    reply.error = std::current_exception();
  }
  return reply;
}

Napi::Object to_js(Napi::Env env, const Reply& reply) {
  Napi::Array groups = Napi::Array::New(env, reply.masks.size());
  for (std::uint32_t g = 0; g < reply.masks.size(); ++g) {
    // A scope of its own: a full run has some thousand values.
    const Napi::HandleScope scope(env);
    Napi::Array masks = Napi::Array::New(env, reply.masks[g].size());
    for (std::uint32_t i = 0; i < reply.masks[g].size(); ++i) {
      masks.Set(i, to_js(env, reply.masks[g][i]));
    }
    groups.Set(g, masks);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("masks", groups);
  object.Set("prepareMs", reply.timing.prepare_ms);
  object.Set("encodeMs", reply.timing.encode_ms);
  object.Set("decodeMs", reply.timing.decode_ms);
  object.Set("maskMs", reply.timing.mask_ms);
  object.Set("embeddingReused", reply.timing.embedding_reused);
  return object;
}

Napi::Object to_js(Napi::Env env, const tensorrt::MemoryOutcome& memory) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("freeBytes", static_cast<double>(memory.free_bytes));
  object.Set("totalBytes", static_cast<double>(memory.total_bytes));
  return object;
}

Napi::Object to_js(Napi::Env env, const tensorrt::Stats& stats) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("deviceBytes", static_cast<double>(stats.device_bytes));
  object.Set("graphs", static_cast<double>(stats.graphs));
  object.Set("plainEnqueues", static_cast<double>(stats.plain_enqueues));
  object.Set("allocations", static_cast<double>(stats.allocations));
  return object;
}

}  // namespace samwire::binding

#endif
