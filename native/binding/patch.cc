#include "mask/patch.h"

#include <algorithm>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/frames.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

constexpr std::uint32_t kMostPatches = 4;

PatchBox box_argument(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  PatchBox box{};
  for (std::uint32_t i = 0; i < box.size(); ++i) {
    const Napi::Value item = value.IsArray() ? value.As<Napi::Array>().Get(i) : info.Env().Null();
    if (!item.IsNumber()) {
      throw Error("invalid_argument", "Expected the box of a patch to be an array of 4 numbers.");
    }
    box[i] = item.As<Napi::Number>().DoubleValue();
  }
  return box;
}

Patch patch_of(const Napi::Value& value) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
      value.As<Napi::TypedArray>().ElementLength() != std::size_t{2} * kPatchCells) {
    throw Error("invalid_argument", "Expected a patch to be a Float32Array of " +
                                        std::to_string(2 * kPatchCells) + " numbers.");
  }
  const float* data = value.As<Napi::Float32Array>().Data();
  Patch patch;
  std::copy_n(data, kPatchCells, patch.luma.begin());
  std::copy_n(data + kPatchCells, kPatchCells, patch.weight.begin());
  return patch;
}

Napi::Value sample_patch_of(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    const auto counts =
        rle_decompress(string_argument(info, 1), frame->view.width, frame->view.height);
    const Patch patch = sample_patch(frame->view, counts, box_argument(info, 2));
    auto array = Napi::Float32Array::New(info.Env(), std::size_t{2} * kPatchCells);
    std::copy(patch.luma.begin(), patch.luma.end(), array.Data());
    std::copy(patch.weight.begin(), patch.weight.end(), array.Data() + kPatchCells);
    return array;
  });
}

Napi::Value find_patches_in(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    if (!info[1].IsArray() || info[1].As<Napi::Array>().Length() > kMostPatches) {
      throw Error("invalid_argument",
                  "Expected an array of at most " + std::to_string(kMostPatches) + " patches.");
    }
    const auto list = info[1].As<Napi::Array>();
    std::vector<Patch> patches;
    for (std::uint32_t i = 0; i < list.Length(); ++i) patches.push_back(patch_of(list.Get(i)));
    const auto found = register_patches(frame->view, patches, box_argument(info, 2));
    Napi::Array result = Napi::Array::New(info.Env(), found.size());
    for (std::uint32_t i = 0; i < found.size(); ++i) {
      Napi::Object place = Napi::Object::New(info.Env());
      Napi::Array box = Napi::Array::New(info.Env(), found[i].box.size());
      for (std::uint32_t k = 0; k < found[i].box.size(); ++k) box.Set(k, found[i].box[k]);
      place.Set("box", box);
      place.Set("likeness", found[i].likeness);
      result.Set(i, place);
    }
    return result;
  });
}

}  // namespace

void export_patches(Napi::Env env, Napi::Object exports) {
  exports.Set("samplePatch", Napi::Function::New(env, sample_patch_of, "samplePatch"));
  exports.Set("findPatches", Napi::Function::New(env, find_patches_in, "findPatches"));
}

}  // namespace samwire::binding
