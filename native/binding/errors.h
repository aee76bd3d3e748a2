#pragma once

#include <napi.h>

#include <exception>

#include "frame/error.h"

namespace samwire::binding {

// The JS error for a core error: `new SamwireError(code, message)` once setErrorClass was called.
// The addon's own "invalid_argument" is a TypeError: it means a bug in our TypeScript, not a
// sender's mistake.
Napi::Error to_js_error(Napi::Env env, const Error& error);

// The same for whatever else the core throws: what is not its Error becomes "internal".
Napi::Error to_js_error(Napi::Env env, const std::exception_ptr& failure);

// Runs `body` and turns what the core throws into a JS exception. Every exported function goes
// through here.
template <typename Body>
auto call(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception&) {
    throw to_js_error(env, std::current_exception());
  }
}

}  // namespace samwire::binding
