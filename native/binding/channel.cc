#include "binding/channel.h"

#include <memory>
#include <utility>

namespace samwire::binding {

// Without an environment (it ends, and its queues are emptied) only memory is given back.
void Channel::deliver(Napi::Env env, Napi::Function callback, std::nullptr_t*, Task* raw) {
  const std::unique_ptr<Task> task(raw);
  if (env == nullptr) return;
  try {
    (*task)(env, callback);
  } catch (const Napi::Error& error) {
    // As an error of any other listener; left to Node it would become a deprecation warning
    // (DEP0168). Fails where the environment is being terminated, which is none of ours.
    static_cast<void>(napi_fatal_exception(env, error.Value()));
  }
}

Channel::Channel(Napi::Env env, const char* name, const Napi::Function& callback)
    : function_(Function::New(env, callback, name, 0, 1)) {
  function_.Unref(env);
}

bool Channel::post(Task task) {
  const std::lock_guard lock(mutex_);
  return open_ && post_locked(std::move(task));
}

void Channel::hold(Napi::Env env) {
  const std::lock_guard lock(mutex_);
  if (open_ && holds_++ == 0) function_.Ref(env);
}

void Channel::let_go(Napi::Env env) {
  const std::lock_guard lock(mutex_);
  if (open_ && --holds_ == 0) function_.Unref(env);
}

void Channel::finish(Task last) {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  post_locked(std::move(last));
  release_locked();
}

void Channel::shut() {
  const std::lock_guard lock(mutex_);
  if (open_) release_locked();
}

bool Channel::post_locked(Task task) {
  auto delivery = std::make_unique<Task>(std::move(task));
  if (function_.NonBlockingCall(delivery.get()) != napi_ok) return false;
  static_cast<void>(delivery.release());
  return true;
}

void Channel::release_locked() {
  open_ = false;
  function_.Release();
}

}  // namespace samwire::binding
