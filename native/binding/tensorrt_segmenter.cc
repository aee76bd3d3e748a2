#ifdef SAMWIRE_TENSORRT

#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "binding/channel.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/frames.h"
#include "binding/tensorrt_values.h"
#include "tensorrt/segmenter.h"

namespace samwire::binding {
namespace {

// Engines on a device. Lifetime rules beside those of Channel:
// 1. Loading and closing take seconds: each has a thread of its own, which is joined on the JS
//    thread when it has said that it is done, or when the environment ends.
// 2. While one of them is at work the handle keeps itself (Ref), since both use it.
// 3. Requests at work don't use the handle: they own the channel, their frame and their promise.
class TensorrtHandle : public Napi::ObjectWrap<TensorrtHandle> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeTensorrt",
                       {InstanceMethod("segment", &TensorrtHandle::segment),
                        InstanceMethod("stats", &TensorrtHandle::stats),
                        InstanceMethod("memory", &TensorrtHandle::memory),
                        InstanceMethod("close", &TensorrtHandle::close)});
  }

  explicit TensorrtHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TensorrtHandle>(info) {
    call(info.Env(), [&] {
      model_ = model_spec(object_argument(info, 0));
      options_ = open_options(object_argument(info, 1));
      channel_ = std::make_shared<Channel>(info.Env(), "samwire-tensorrt", Napi::Function());
      napi_add_env_cleanup_hook(info.Env(), at_exit, this);
    });
  }

  ~TensorrtHandle() override {
    napi_remove_env_cleanup_hook(Env(), at_exit, this);
    end();
  }

  // Resolves with this handle.
  Napi::Value load(Napi::Env env) {
    const Napi::Promise::Deferred deferred(env);
    Ref();
    channel_->hold(env);
    thread_ = std::thread([this, deferred] {
      std::exception_ptr failure;
      try {
        segmenter_ = tensorrt::Segmenter::open(model_, options_);
      } catch (...) {
        failure = std::current_exception();
      }
      channel_->post([this, deferred, failure](Napi::Env env, const Napi::Function&) {
        thread_.join();
        channel_->let_go(env);
        if (failure) {
          deferred.Reject(to_js_error(env, failure).Value());
        } else {
          deferred.Resolve(Value());
        }
        Unref();
      });
    });
    return deferred.Promise();
  }

 private:
  static void at_exit(void* raw) { static_cast<TensorrtHandle*>(raw)->end(); }

  // Waits for a load or a close in progress and for the request at work.
  void end() {
    if (thread_.joinable()) thread_.join();
    segmenter_.reset();
    if (channel_) channel_->shut();
  }

  Napi::Value segment(const Napi::CallbackInfo& info) {
    const Napi::Promise::Deferred deferred(info.Env());
    try {
      call(info.Env(), [&] { submit(info, deferred); });
    } catch (const Napi::Error& error) {
      deferred.Reject(error.Value());
    }
    return deferred.Promise();
  }

  void submit(const Napi::CallbackInfo& info, const Napi::Promise::Deferred& deferred) {
    tensorrt::Request request;
    request.frame = frame_of(info[0]);
    request.mask = mask_spec(object_argument(info, 1));
    request.groups = prompt_groups(info[2]);
    if (!segmenter_) throw Error("model_failed", "The engines are closed.");
    channel_->hold(info.Env());
    try {
      segmenter_->submit(
          std::move(request), [channel = channel_, deferred](tensorrt::Outcome made) {
            const auto reply = std::make_shared<const Reply>(reply_of(std::move(made)));
            channel->post([channel, deferred, reply](Napi::Env env, const Napi::Function&) {
              channel->let_go(env);
              if (reply->error) {
                deferred.Reject(to_js_error(env, reply->error).Value());
              } else {
                deferred.Resolve(to_js(env, *reply));
              }
            });
          });
    } catch (...) {
      channel_->let_go(info.Env());
      throw;
    }
  }

  // As segment(): the promise is settled by the channel, which stays open for it.
  Napi::Value memory(const Napi::CallbackInfo& info) {
    const Napi::Promise::Deferred deferred(info.Env());
    try {
      call(info.Env(), [&] { look_at_memory(info.Env(), deferred); });
    } catch (const Napi::Error& error) {
      deferred.Reject(error.Value());
    }
    return deferred.Promise();
  }

  void look_at_memory(Napi::Env env, const Napi::Promise::Deferred& deferred) {
    if (!segmenter_) throw Error("model_failed", "The engines are closed.");
    channel_->hold(env);
    try {
      segmenter_->look_at_memory(
          [channel = channel_, deferred](const tensorrt::MemoryOutcome& seen) {
            channel->post([channel, deferred, seen](Napi::Env env, const Napi::Function&) {
              channel->let_go(env);
              if (seen.error) {
                deferred.Reject(to_js_error(env, seen.error).Value());
              } else {
                deferred.Resolve(to_js(env, seen));
              }
            });
          });
    } catch (...) {
      channel_->let_go(env);
      throw;
    }
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      if (!segmenter_) throw Error("model_failed", "The engines are closed.");
      return to_js(info.Env(), segmenter_->stats());
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      if (!closed_.IsEmpty()) return closed_.Value();
      const Napi::Promise::Deferred deferred(info.Env());
      closed_ = Napi::Persistent(deferred.Promise().As<Napi::Object>());
      channel_->hold(info.Env());
      Ref();
      const auto done = [this, deferred](Napi::Env env, const Napi::Function&) {
        thread_.join();
        deferred.Resolve(env.Undefined());
        Unref();
      };
      thread_ =
          std::thread([segmenter = std::move(segmenter_), channel = channel_, done]() mutable {
            segmenter.reset();
            channel->finish(done);
          });
      return closed_.Value();
    });
  }

  tensorrt::ModelSpec model_;
  tensorrt::OpenOptions options_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<tensorrt::Segmenter> segmenter_;  // empty before it is loaded and once closed
  std::thread thread_;                              // that loads or closes
  Napi::ObjectReference closed_;                    // the promise of close(); empty before
};

Napi::Value open_tensorrt(const Napi::CallbackInfo& info) {
  auto* constructor = static_cast<Napi::FunctionReference*>(info.Data());
  const Napi::Object handle = constructor->New({info[0], info[1]});
  return call(info.Env(), [&]() { return TensorrtHandle::Unwrap(handle)->load(info.Env()); });
}

}  // namespace

void export_tensorrt_segmenter(Napi::Env env, Napi::Object exports) {
  auto constructor =
      std::make_unique<Napi::FunctionReference>(Napi::Persistent(TensorrtHandle::define(env)));
  exports.Set("openTensorrt",
              Napi::Function::New(env, open_tensorrt, "openTensorrt", constructor.get()));
  env.GetInstanceData<EnvironmentData>()->tensorrt_class = std::move(constructor);
}

}  // namespace samwire::binding

#endif
