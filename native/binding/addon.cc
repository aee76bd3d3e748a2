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

// glibc gives each thread a heap of its own, and buffers of 1 to 4 MB that cross threads
// (embeddings, logits, answers) leave holes in all of them: memory grew by 21% in four minutes of
// prompts at 10 Hz, by 0.8% with two heaps.
void bound_heaps() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
#endif
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  bound_heaps();
  env.SetInstanceData(new EnvironmentData);  // deleted by Node when the environment ends
  exports.Set("about", Napi::Function::New(env, about, "about"));
  exports.Set("setErrorClass", Napi::Function::New(env, set_error_class, "setErrorClass"));
  exports.Set("exitNow", Napi::Function::New(env, exit_now, "exitNow"));
  export_frames(env, exports);
  export_image(env, exports);
  export_mask(env, exports);
  export_camera(env, exports);
  return exports;
}

}  // namespace
}  // namespace samwire::binding

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return samwire::binding::initialise(env, exports);
}

NODE_API_MODULE(samwire, InitAddon)
