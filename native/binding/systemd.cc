#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "systemd/notify.h"

namespace samwire::binding {
namespace {

Napi::Value notify_service_manager(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const bool taken = notify_manager(string_argument(info, 0), string_argument(info, 1));
    return Napi::Boolean::New(info.Env(), taken);
  });
}

}  // namespace

void export_systemd(Napi::Env env, Napi::Object exports) {
  exports.Set("notifyManager", Napi::Function::New(env, notify_service_manager, "notifyManager"));
}

}  // namespace samwire::binding
