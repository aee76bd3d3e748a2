#pragma once

#include <napi.h>

#include "frame/error.h"

namespace samwire::binding {

// The JS error for a core error: `new SamwireError(code, message)` once setErrorClass was called.
// The addon's own "invalid_argument" is a TypeError: it means a bug in our TypeScript, not a
// sender's mistake.
Napi::Error to_js_error(Napi::Env env, const Error& error);

// Runs `body` and turns what the core throws into a JS exception. Every exported function goes
// through here.
template <typename Body>
auto call(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const Error& error) {
    throw to_js_error(env, error);
  } catch (const std::bad_alloc&) {
    throw to_js_error(env, Error("internal", "Out of memory in the native addon."));
  } catch (const std::exception& error) {
    throw to_js_error(env, Error("internal", error.what()));
  }
}

}  // namespace samwire::binding
