#include <napi.h>

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "camera/gstreamer.h"
#include "image/prepare.h"

#ifndef SAMWIRE_VERSION
#define SAMWIRE_VERSION "unknown"
#endif

namespace samwire::binding {
namespace {

Napi::Value about(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("version", SAMWIRE_VERSION);
    object.Set("gstreamer", gstreamer_version());
    object.Set("simd", simd_level());
    return object;
  });
}

Napi::Value set_error_class(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsFunction()) throw Error("invalid_argument", "Expected a class.");
    info.Env().GetInstanceData<EnvironmentData>()->error_class =
        Napi::Persistent(info[0].As<Napi::Function>());
    return info.Env().Undefined();
  });
}

Napi::Value exit_now(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value { std::_Exit(int_argument(info, 0)); });
}

// glibc keeps freed buffers of up to 32 MB in per-thread heaps, and those of 1 to 4 MB that live
// until the next garbage collection (embeddings, logits, answers) leave holes: memory grew by 40 MB
// a minute with prompts at 10 Hz. Large buffers that are mapped by themselves go back to the system
// when they are freed.
void return_large_buffers() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_ARENA_MAX, 2);
#endif
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  return_large_buffers();
  env.SetInstanceData(new EnvironmentData);  // deleted by Node when the environment ends
  exports.Set("about", Napi::Function::New(env, about, "about"));
  exports.Set("setErrorClass", Napi::Function::New(env, set_error_class, "setErrorClass"));
  exports.Set("exitNow", Napi::Function::New(env, exit_now, "exitNow"));
  export_frames(env, exports);
  export_image(env, exports);
  export_scaled(env, exports);
  export_labels(env, exports);
  export_mask(env, exports);
  export_mask_measure(env, exports);
  export_colours(env, exports);
  export_patches(env, exports);
  export_objects(env, exports);
  export_depth(env, exports);
  export_edges(env, exports);
  export_camera(env, exports);
  export_systemd(env, exports);
  export_tensorrt(env, exports);
  return exports;
}

}  // namespace
}  // namespace samwire::binding

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return samwire::binding::initialise(env, exports);
}

NODE_API_MODULE(samwire, InitAddon)
