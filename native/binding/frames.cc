#include "binding/frames.h"

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "frame/layout.h"
#include "frame/pool.h"
#include "frame/registry.h"
#include "image/crop.h"
#include "image/prepare.h"

namespace samwire::binding {
namespace {

Napi::Value create_frame(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const auto options = object_argument(info, 0);
    const PixelFormat format = pixel_format(string_of(options, "format"));
    const int width = int_of(options, "width");
    const int height = int_of(options, "height");
    const std::uint64_t seq = count_of(options, "seq");
    const double timestamp = number_of(options, "timestamp");
    const Napi::Uint8Array data = bytes_of(options.Get("data"), "data");
    const ImageView view = packed_view(format, width, height, data.Data(), data.ByteLength());
    auto& environment = *info.Env().GetInstanceData<EnvironmentData>();
    const FramePtr frame = copy_frame(view, seq, timestamp, -1, environment.pool);
    FrameRegistry::instance().add(frame);
    return to_js(info.Env(), *frame);
  });
}

Napi::Value crop_of_frame(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const Region region = region_of(info[1], "the crop");
    const FramePtr whole = frame_of(info[0]);
    auto& environment = *info.Env().GetInstanceData<EnvironmentData>();
    const FramePtr crop = crop_frame(*whole, region, environment.pool);
    FrameRegistry::instance().add(crop);
    return to_js(info.Env(), *crop);
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
  exports.Set("cropFrame", Napi::Function::New(env, crop_of_frame, "cropFrame"));
  exports.Set("retainFrame", Napi::Function::New(env, retain_frame, "retainFrame"));
  exports.Set("releaseFrame", Napi::Function::New(env, release_frame, "releaseFrame"));
  exports.Set("frameRgb", Napi::Function::New(env, frame_rgb, "frameRgb"));
  exports.Set("framesInUse", Napi::Function::New(env, frames_in_use, "framesInUse"));
}

}  // namespace samwire::binding
