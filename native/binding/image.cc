#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/frames.h"
#include "image/prepare.h"

namespace samwire::binding {
namespace {

Napi::Value place_image(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const ImageSpec spec = image_spec(object_argument(info, 0));
    return to_js(info.Env(), place(spec, int_argument(info, 1), int_argument(info, 2)));
  });
}

Napi::Value prepare_image(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    const ImageSpec spec = image_spec(object_argument(info, 1));
    Napi::Float32Array out = floats_argument(info, 2);
    const Placement placement = place(spec, frame->view.width, frame->view.height);
    const std::size_t needed = 3 * static_cast<std::size_t>(placement.tensor_width) *
                               static_cast<std::size_t>(placement.tensor_height);
    if (out.ElementLength() != needed) {
      throw Error("invalid_argument", "Expected a tensor of " + std::to_string(needed) +
                                          " floats, got " + std::to_string(out.ElementLength()) +
                                          ".");
    }
    auto& environment = *info.Env().GetInstanceData<EnvironmentData>();
    environment.preparer.prepare(frame->view, spec, out.Data());
    return to_js(info.Env(), placement);
  });
}

}  // namespace

void export_image(Napi::Env env, Napi::Object exports) {
  exports.Set("place", Napi::Function::New(env, place_image, "place"));
  exports.Set("prepareImage", Napi::Function::New(env, prepare_image, "prepareImage"));
}

}  // namespace samwire::binding
