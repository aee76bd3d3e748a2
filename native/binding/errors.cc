#include "binding/errors.h"

#include <new>

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

Napi::Error to_js_error(Napi::Env env, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return to_js_error(env, error);
  } catch (const std::bad_alloc&) {
    return to_js_error(env, Error("internal", "Out of memory in the native addon."));
  } catch (const std::exception& error) {
    return to_js_error(env, Error("internal", error.what()));
  }
}

}  // namespace samwire::binding
