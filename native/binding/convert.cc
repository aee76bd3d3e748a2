#include "binding/convert.h"

#include <cmath>
#include <limits>

#include "frame/error.h"
#include "frame/layout.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

constexpr double kMaxWhole = 9007199254740991.0;  // 2^53 - 1

[[noreturn]] void wrong(const std::string& where, const char* expected) {
  throw Error("invalid_argument", "Expected " + where + " to be " + expected + ".");
}

double checked_number(const Napi::Value& value, const std::string& where) {
  if (!value.IsNumber()) wrong(where, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!std::isfinite(number)) wrong(where, "a finite number");
  return number;
}

std::array<float, 3> triple_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) wrong(key, "three numbers");
  const auto array = value.As<Napi::Array>();
  std::array<float, 3> out{};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Napi::Value element = array.Get(i);
    out[i] = static_cast<float>(checked_number(element, key));
  }
  return out;
}

template <typename T, std::size_t N>
T named(const std::string& name, const char* key, const std::pair<const char*, T> (&choices)[N]) {
  for (const auto& [choice, value] : choices) {
    if (name == choice) return value;
  }
  throw Error("invalid_argument", std::string("Unknown ") + key + " \"" + name + "\".");
}

Placement placement_of(const Napi::Object& object) {
  Placement placement;
  placement.x = int_of(object, "x");
  placement.y = int_of(object, "y");
  placement.width = int_of(object, "width");
  placement.height = int_of(object, "height");
  placement.tensor_width = int_of(object, "tensorWidth");
  placement.tensor_height = int_of(object, "tensorHeight");
  return placement;
}

}  // namespace

double number_of(const Napi::Object& object, const char* key) {
  return checked_number(object.Get(key), key);
}

int int_of(const Napi::Value& value, const std::string& where) {
  const double number = checked_number(value, where);
  if (number != std::floor(number) || std::abs(number) > std::numeric_limits<int>::max()) {
    wrong(where, "an integer");
  }
  return static_cast<int>(number);
}

int int_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return int_of(value, key);
}

Region region_of(const Napi::Value& value, const std::string& where) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 4) wrong(where, "four numbers");
  const auto array = value.As<Napi::Array>();
  std::array<int, 4> box{};
  for (std::uint32_t i = 0; i < 4; ++i) {
    const Napi::Value corner = array.Get(i);
    box[i] = int_of(corner, where);
    if (box[i] < 0) wrong(where, "four numbers from 0 on");
  }
  return {box[0], box[1], box[2] - box[0], box[3] - box[1]};
}

std::vector<std::string> strings_of(const Napi::Value& value, const std::string& where) {
  if (!value.IsArray()) wrong(where, "an array of strings");
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) wrong(where, "an array of strings");
    out.push_back(item.As<Napi::String>().Utf8Value());
  }
  return out;
}

std::uint64_t count_of(const Napi::Object& object, const char* key) {
  const double number = number_of(object, key);
  if (number < 0 || number > kMaxWhole) wrong(key, "0 or more, and below 2^53");
  return static_cast<std::uint64_t>(number);
}

bool bool_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsBoolean()) wrong(key, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::string string_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) wrong(key, "a string");
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object object_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsObject()) wrong(key, "an object");
  return value.As<Napi::Object>();
}

std::uint64_t frame_id_of(const Napi::Value& value) {
  const double id = checked_number(value, "the frame id");
  if (id < 0 || id != std::floor(id) || id > kMaxWhole) wrong("the frame id", "a whole number");
  return static_cast<std::uint64_t>(id);
}

Napi::Object object_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsObject()) wrong("argument " + std::to_string(index + 1), "an object");
  return info[index].As<Napi::Object>();
}

std::string string_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsString()) wrong("argument " + std::to_string(index + 1), "a string");
  return info[index].As<Napi::String>().Utf8Value();
}

int int_argument(const Napi::CallbackInfo& info, std::size_t index) {
  return int_of(info[index], "argument " + std::to_string(index + 1));
}

double number_argument(const Napi::CallbackInfo& info, std::size_t index) {
  return checked_number(info[index], "argument " + std::to_string(index + 1));
}

Napi::Float32Array floats_argument(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    wrong("argument " + std::to_string(index + 1), "a Float32Array");
  }
  return value.As<Napi::Float32Array>();
}

Napi::Uint8Array bytes_of(const Napi::Value& value, const std::string& where) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    wrong(where, "a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

PixelFormat pixel_format(const std::string& name) {
  const auto format = pixel_format_of(name);
  if (!format) throw Error("invalid_argument", "Unknown format \"" + name + "\".");
  return *format;
}

ImageSpec image_spec(const Napi::Object& object) {
  static constexpr std::pair<const char*, Fit> kFits[] = {
      {"letterbox", Fit::kLetterbox},
      {"letterbox-centred", Fit::kLetterboxCentred},
      {"stretch", Fit::kStretch},
      {"native", Fit::kNative}};
  static constexpr std::pair<const char*, Rounding> kRoundings[] = {
      {"floor", Rounding::kFloor}, {"round", Rounding::kRound}, {"half-even", Rounding::kHalfEven}};
  static constexpr std::pair<const char*, Filter> kFilters[] = {
      {"bilinear", Filter::kBilinear},
      {"bilinear-antialias", Filter::kBilinearAntialias},
      {"bilinear-antialias-float", Filter::kBilinearAntialiasFloat},
      {"bicubic", Filter::kBicubic},
      {"bicubic-antialias", Filter::kBicubicAntialias},
      {"area", Filter::kArea}};
  static constexpr std::pair<const char*, Channels> kChannels[] = {{"rgb", Channels::kRGB},
                                                                   {"bgr", Channels::kBGR}};
  ImageSpec spec;
  spec.width = int_of(object, "width");
  spec.height = int_of(object, "height");
  spec.fit = named(string_of(object, "fit"), "fit", kFits);
  spec.rounding = named(string_of(object, "rounding"), "rounding", kRoundings);
  spec.filter = named(string_of(object, "filter"), "filter", kFilters);
  spec.channels = named(string_of(object, "channels"), "channels", kChannels);
  spec.scale = static_cast<float>(number_of(object, "scale"));
  spec.mean = triple_of(object, "mean");
  spec.std = triple_of(object, "std");
  spec.pad_after_normalise = object.Get("padLevel").IsNull();
  spec.pad_level = spec.pad_after_normalise ? 0 : static_cast<float>(number_of(object, "padLevel"));
  return spec;
}

MaskSpec mask_spec(const Napi::Object& object) {
  MaskSpec spec;
  spec.grid_width = int_of(object, "gridWidth");
  spec.grid_height = int_of(object, "gridHeight");
  spec.placement = placement_of(object_of(object, "placement"));
  spec.frame_width = int_of(object, "frameWidth");
  spec.frame_height = int_of(object, "frameHeight");
  spec.via_input = bool_of(object, "viaInput");
  spec.threshold = static_cast<float>(number_of(object, "threshold"));
  spec.inclusive = bool_of(object, "inclusive");
  spec.stability_offset = static_cast<float>(number_of(object, "stabilityOffset"));
  return spec;
}

Napi::Object to_js(Napi::Env env, const Placement& placement) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("x", placement.x);
  object.Set("y", placement.y);
  object.Set("width", placement.width);
  object.Set("height", placement.height);
  object.Set("tensorWidth", placement.tensor_width);
  object.Set("tensorHeight", placement.tensor_height);
  return object;
}

Napi::Object to_js(Napi::Env env, const Frame& frame) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", static_cast<double>(frame.id));
  object.Set("seq", static_cast<double>(frame.seq));
  object.Set("timestamp", frame.timestamp_ms);
  object.Set("positionMs", frame.position_ms);
  object.Set("width", frame.view.width);
  object.Set("height", frame.view.height);
  object.Set("format", pixel_format_name(frame.view.format));
  return object;
}

Napi::Object to_js(Napi::Env env, const LowResMask& mask) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array size = Napi::Array::New(env, 2);
  size.Set(0u, mask.height);
  size.Set(1u, mask.width);
  Napi::Array scale = Napi::Array::New(env, 2);
  scale.Set(0u, mask.scale_x);
  scale.Set(1u, mask.scale_y);
  object.Set("size", size);
  object.Set("counts", rle_compress(mask.mask.counts));
  object.Set("scale", scale);
  return object;
}

std::size_t plane_size(const MaskSpec& spec) {
  return static_cast<std::size_t>(spec.grid_width) * static_cast<std::size_t>(spec.grid_height);
}

const float* plane_of(const Napi::Float32Array& logits, const MaskSpec& spec, int index) {
  const std::size_t plane = plane_size(spec);
  if (index < 0 || (static_cast<std::size_t>(index) + 1) * plane > logits.ElementLength()) {
    throw Error("invalid_argument", "Expected logits with a plane " + std::to_string(index) +
                                        " of " + std::to_string(plane) + " floats, got " +
                                        std::to_string(logits.ElementLength()) + " floats.");
  }
  return logits.Data() + static_cast<std::size_t>(index) * plane;
}

Napi::Object mask_to_js(Napi::Env env, const MaskResult& mask) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("counts", rle_compress(mask.counts));
  object.Set("area", static_cast<double>(mask.area));
  object.Set("stability", mask.stability);
  if (mask.area == 0) {
    object.Set("box", env.Null());
    return object;
  }
  Napi::Array box = Napi::Array::New(env, 4);
  for (std::uint32_t i = 0; i < 4; ++i) box.Set(i, mask.box[i]);
  object.Set("box", box);
  return object;
}

}  // namespace samwire::binding
