#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "frame/frame.h"
#include "frame/region.h"
#include "image/prepare.h"
#include "mask/lowres.h"
#include "mask/mask.h"

// JS values <-> the core's structs. TypeScript has validated and explained already
// (src/native/types.ts); what is rechecked here is type and state, so that no call from JS can
// reach undefined behaviour. A wrong type throws Error("invalid_argument"), which call() in
// errors.h turns into a JS exception.
namespace samwire::binding {

double number_of(const Napi::Object& object, const char* key);
int int_of(const Napi::Object& object, const char* key);
int int_of(const Napi::Value& value, const std::string& where);
// 0 to 2^53 - 1; a fraction is cut off.
std::uint64_t count_of(const Napi::Object& object, const char* key);
bool bool_of(const Napi::Object& object, const char* key);
std::string string_of(const Napi::Object& object, const char* key);
Napi::Object object_of(const Napi::Object& object, const char* key);

std::uint64_t frame_id_of(const Napi::Value& value);
Napi::Object object_argument(const Napi::CallbackInfo& info, std::size_t index);
std::string string_argument(const Napi::CallbackInfo& info, std::size_t index);
int int_argument(const Napi::CallbackInfo& info, std::size_t index);
double number_argument(const Napi::CallbackInfo& info, std::size_t index);
// These two remember address and length: take them after everything that may run JS (getters of
// objects, elements of arrays), which may detach or resize the memory.
Napi::Float32Array floats_argument(const Napi::CallbackInfo& info, std::size_t index);
Napi::Uint8Array bytes_of(const Napi::Value& value, const std::string& where);

PixelFormat pixel_format(const std::string& name);

// From a box [x1, y1, x2, y2] with exclusive x2, y2.
Region region_of(const Napi::Value& value, const std::string& where);
// Of strings.
std::vector<std::string> strings_of(const Napi::Value& value, const std::string& where);

ImageSpec image_spec(const Napi::Object& object);
MaskSpec mask_spec(const Napi::Object& object);
Napi::Object to_js(Napi::Env env, const Placement& placement);
Napi::Object to_js(Napi::Env env, const Frame& frame);
// Floats of one plane of logits.
std::size_t plane_size(const MaskSpec& spec);
// The plane of one candidate in `logits` [n, grid height, grid width].
const float* plane_of(const Napi::Float32Array& logits, const MaskSpec& spec, int index);
// {counts, area, box, stability}, as NativeMask.
Napi::Object mask_to_js(Napi::Env env, const MaskResult& mask);
// {size, counts, scale}, as the masks message's `lowres`.
Napi::Object to_js(Napi::Env env, const LowResMask& mask);

}  // namespace samwire::binding
