#pragma once

#include <napi.h>

#include <cstddef>
#include <functional>
#include <mutex>

namespace samwire::binding {

// The way from the core's threads to the JS thread. Lifetime rules, each for a crash it prevents:
// 1. The thread-safe function is used under `mutex_` and only while `open_`: Node frees it when its
//    environment ends, and a call after that would touch freed memory. So its owner shuts the
//    channel in an environment clean-up hook that is added after the channel was made: hooks run
//    last in, first out, and Node's own comes with the thread-safe function.
// 2. Shared by the core's callbacks and the JS handle, so that neither outlives it.
// 3. What waits in the queue points at nothing that may go before it: tasks own what they capture,
//    or their owner keeps itself (Ref) until they have run.
class Channel {
 public:
  // Runs on the JS thread with the channel's callback. Where the environment ends first it is only
  // destroyed.
  using Task = std::function<void(Napi::Env, Napi::Function)>;

  // A channel alone keeps no process alive. `callback` may be empty.
  Channel(Napi::Env env, const char* name, const Napi::Function& callback);
  ~Channel() { shut(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // From any thread. False where the channel is shut.
  bool post(Task task);

  // On the JS thread: a promise that somebody waits for keeps the process alive until it is
  // settled. Each hold() is owed a let_go() or finish().
  void hold(Napi::Env env);
  void let_go(Napi::Env env);

  // The last task of this channel; those that wait run before it.
  void finish(Task last);

  // What was posted before still runs, while the environment lives.
  void shut();

 private:
  static void deliver(Napi::Env env, Napi::Function callback, std::nullptr_t* none, Task* raw);
  using Function = Napi::TypedThreadSafeFunction<std::nullptr_t, Task, deliver>;

  bool post_locked(Task task);
  void release_locked();

  std::mutex mutex_;
  Function function_;
  bool open_ = true;
  int holds_ = 0;  // JS thread
};

}  // namespace samwire::binding
