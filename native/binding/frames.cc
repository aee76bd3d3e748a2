#include "binding/frames.h"

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "frame/layout.h"
#include "frame/pool.h"
#include "frame/registry.h"
#include "image/prepare.h"

namespace samwire::binding {
namespace {

Napi::Value create_frame(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const auto options = object_argument(info, 0);
    const Napi::Value data = options.Get("data");
    if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw Error("invalid_argument", "Expected data to be a Uint8Array.");
    }
    const auto bytes = data.As<Napi::Uint8Array>();
    const ImageView view =
        packed_view(pixel_format(string_of(options, "format")), int_of(options, "width"),
                    int_of(options, "height"), bytes.Data(), bytes.ByteLength());
    const double seq = number_of(options, "seq");
    if (seq < 0) throw Error("invalid_argument", "Expected seq to be 0 or more.");
    auto& environment = *info.Env().GetInstanceData<EnvironmentData>();
    const FramePtr frame = copy_frame(view, static_cast<std::uint64_t>(seq),
                                      number_of(options, "timestamp"), -1, environment.pool);
    FrameRegistry::instance().add(frame);
    return to_js(info.Env(), *frame);
  });
}

Napi::Value retain_frame(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const bool held = FrameRegistry::instance().retain(frame_id_of(info[0]));
    return Napi::Boolean::New(info.Env(), held);
  });
}

Napi::Value release_frame(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    FrameRegistry::instance().release(frame_id_of(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value frame_rgb(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    const std::size_t size = static_cast<std::size_t>(frame->view.width) *
                             static_cast<std::size_t>(frame->view.height) * 3;
    auto out = Napi::Buffer<std::uint8_t>::New(info.Env(), size);
    to_rgb(frame->view, out.Data());
    return out;
  });
}

Napi::Value frames_in_use(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(FrameRegistry::instance().in_use()));
}

}  // namespace

FramePtr frame_of(const Napi::Value& id) {
  FramePtr frame = FrameRegistry::instance().find(frame_id_of(id));
  if (!frame) throw Error("frame_evicted", "The frame is not held any more.");
  return frame;
}

void export_frames(Napi::Env env, Napi::Object exports) {
  exports.Set("createFrame", Napi::Function::New(env, create_frame, "createFrame"));
  exports.Set("retainFrame", Napi::Function::New(env, retain_frame, "retainFrame"));
  exports.Set("releaseFrame", Napi::Function::New(env, release_frame, "releaseFrame"));
  exports.Set("frameRgb", Napi::Function::New(env, frame_rgb, "frameRgb"));
  exports.Set("framesInUse", Napi::Function::New(env, frames_in_use, "framesInUse"));
}

}  // namespace samwire::binding
