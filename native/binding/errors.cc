#include "binding/errors.h"

#include "binding/environment.h"

namespace samwire::binding {

Napi::Error to_js_error(Napi::Env env, const Error& error) {
  const auto* data = env.GetInstanceData<EnvironmentData>();
  if (error.code() == "invalid_argument" || data == nullptr || data->error_class.IsEmpty()) {
    return Napi::TypeError::New(env, error.what());
  }
  const Napi::Value made = data->error_class.New(
      {Napi::String::New(env, error.code()), Napi::String::New(env, error.what())});
  return Napi::Error(env, made);
}

}  // namespace samwire::binding
