#include "camera/camera.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "binding/channel.h"
#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "camera/gstreamer.h"
#include "camera/pipeline_text.h"
#include "frame/registry.h"

namespace samwire::binding {
namespace {

// Frame events that wait for a busy JS thread; more are left out. They only say that a frame is
// there, and the frame itself is acquired from the camera. Ends and errors are never left out.
constexpr int kMaxPendingFrames = 64;

Napi::Object event_to_js(Napi::Env env, const CameraEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  switch (event.type) {
    case CameraEvent::Type::kFrame:
      object.Set("type", "frame");
      object.Set("seq", static_cast<double>(event.seq));
      object.Set("timestamp", event.timestamp_ms);
      object.Set("width", event.width);
      object.Set("height", event.height);
      break;
    case CameraEvent::Type::kPlaying:
      object.Set("type", "playing");
      break;
    case CameraEvent::Type::kEnd:
      object.Set("type", "end");
      break;
    case CameraEvent::Type::kError:
      object.Set("type", "error");
      object.Set("message", event.message);
      break;
  }
  return object;
}

// A camera's events on their way to JS. A handle that is collected while the JS thread is behind
// leaves events that run after this is gone, so they share the count.
class Events {
 public:
  explicit Events(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  void send(const CameraEvent& event) {
    std::shared_ptr<void> counted;
    if (event.type == CameraEvent::Type::kFrame) {
      if (*pending_ >= kMaxPendingFrames) return;
      ++*pending_;
      counted = std::shared_ptr<void>(nullptr, [pending = pending_](void*) { --*pending; });
    }
    channel_->post([event, counted](Napi::Env env, const Napi::Function& on_event) mutable {
      counted.reset();
      on_event.Call({event_to_js(env, event)});
    });
  }

 private:
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<std::atomic<int>> pending_ = std::make_shared<std::atomic<int>>(0);
};

FrameKind kind_of(const Napi::Object& object) {
  return object.Has("depth") && bool_of(object, "depth") ? FrameKind::kDepth : FrameKind::kPicture;
}

CameraOptions camera_options(const Napi::Object& object) {
  CameraOptions options;
  options.pipeline = string_of(object, "pipeline");
  options.kind = kind_of(object);
  options.sync = bool_of(object, "sync");
  options.loop = bool_of(object, "loop");
  options.history_ms = number_of(object, "historyMs");
  options.history_bytes = count_of(object, "historyBytes");
  options.clock_offset_ms = number_of(object, "clockOffsetMs");
  options.last_seq = count_of(object, "lastSeq");
  return options;
}

FrameQuery frame_query(const Napi::Value& which) {
  if (which.IsString() && which.As<Napi::String>().Utf8Value() == "latest") return LatestFrame{};
  if (!which.IsObject()) throw Error("invalid_argument", "Expected a frame choice.");
  const auto object = which.As<Napi::Object>();
  if (object.Has("seq")) return FrameWithSeq{count_of(object, "seq")};
  return FrameNear{number_of(object, "timestamp"), number_of(object, "toleranceMs")};
}

class CameraHandle : public Napi::ObjectWrap<CameraHandle> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "NativeCamera",
        {InstanceMethod("acquire", &CameraHandle::acquire),
         InstanceMethod("link", &CameraHandle::link), InstanceMethod("stats", &CameraHandle::stats),
         InstanceMethod("close", &CameraHandle::close),
         InstanceMethod("stopped", &CameraHandle::stopped)});
  }

  explicit CameraHandle(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<CameraHandle>(info),
        open_cameras_(info.Env().GetInstanceData<EnvironmentData>()->open_cameras) {
    call(info.Env(), [&] {
      const CameraOptions options = camera_options(object_argument(info, 0));
      if (!info[1].IsFunction()) throw Error("invalid_argument", "Expected an event callback.");
      channel_ =
          std::make_shared<Channel>(info.Env(), "samwire-camera", info[1].As<Napi::Function>());
      camera_ =
          std::make_unique<Camera>(options, [events = std::make_shared<Events>(channel_)](
                                                const CameraEvent& event) { events->send(event); });
      open_cameras_->insert(camera_.get());
      // An environment that ends (a worker, the process) closes its cameras before Node frees what
      // they call.
      napi_add_env_cleanup_hook(info.Env(), at_exit, this);
    });
  }

  ~CameraHandle() override {
    napi_remove_env_cleanup_hook(Env(), at_exit, this);
    open_cameras_->erase(camera_.get());
    camera_.reset();
    channel_->shut();
  }

 private:
  static void at_exit(void* raw) {
    auto* self = static_cast<CameraHandle*>(raw);
    // The first hook stops them all, so that they stop side by side: a pipeline that hangs takes
    // Camera's whole close_deadline.
    for (Camera* camera : *self->open_cameras_) camera->close_async({});
    self->camera_->close();
    self->channel_->shut();
  }

  Napi::Value acquire(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      const FramePtr frame = camera_->acquire(frame_query(info[0]));
      if (!frame) return info.Env().Null();
      return to_js(info.Env(), *frame);
    });
  }

  // Of two depth pictures the one that is nearer in time to the frame stays.
  Napi::Value link(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      const std::uint64_t id = frame_id_of(info[0]);
      const double tolerance_ms = number_argument(info, 1);
      auto& registry = FrameRegistry::instance();
      const FramePtr frame = registry.find(id);
      if (frame == nullptr) return info.Env().Undefined();
      const FramePtr before = registry.linked(id);
      const double limit_ms =
          before == nullptr ? tolerance_ms : std::abs(before->timestamp_ms - frame->timestamp_ms);
      const FramePtr found = camera_->find(FrameNear{frame->timestamp_ms, limit_ms});
      if (found != nullptr) registry.link(id, found);
      return info.Env().Undefined();
    });
  }

  Napi::Value stats(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      const CameraStats stats = camera_->stats();
      Napi::Object object = Napi::Object::New(info.Env());
      object.Set("frames", static_cast<double>(stats.frames));
      object.Set("held", static_cast<double>(stats.history.held));
      object.Set("heldBytes", static_cast<double>(stats.history.held_bytes));
      object.Set("oldestSeq", static_cast<double>(stats.history.oldest_seq));
      object.Set("newestSeq", static_cast<double>(stats.history.newest_seq));
      return object;
    });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    return call(info.Env(), [&]() -> Napi::Value {
      if (!closed_.IsEmpty()) return closed_.Value();
      const Napi::Promise::Deferred deferred(info.Env());
      closed_ = Napi::Persistent(deferred.Promise().As<Napi::Object>());
      channel_->hold(info.Env());
      // Not to be collected before the promise is settled: the destructor would shut the channel.
      Ref();
      const auto done = [this, deferred](Napi::Env env, const Napi::Function&) {
        deferred.Resolve(env.Undefined());
        Unref();
      };
      camera_->close_async([channel = channel_, done] { channel->finish(done); });
      return closed_.Value();
    });
  }

  Napi::Value stopped(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), camera_->stopped());
  }

  const std::shared_ptr<std::set<Camera*>> open_cameras_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<Camera> camera_;
  Napi::ObjectReference closed_;  // the promise of close(); empty before
};

Napi::Value open_camera(const Napi::CallbackInfo& info) {
  auto* constructor = static_cast<Napi::FunctionReference*>(info.Data());
  return constructor->New({info[0], info[1]});
}

Napi::Value camera_pipeline(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const auto options = object_argument(info, 0);
    PipelineRequest request;
    request.source = string_of(options, "source");
    request.kind = kind_of(options);
    if (options.Has("width")) request.width = int_of(options, "width");
    if (options.Has("height")) request.height = int_of(options, "height");
    if (options.Has("fps")) request.fps = number_of(options, "fps");
    const PipelineText text =
        pipeline_text(request, [](const std::string& name) { return elements({name}).at(name); });
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("pipeline", text.pipeline);
    object.Set("sync", text.sync);
    object.Set("loop", text.loop);
    object.Set("live", text.live);
    return object;
  });
}

Napi::Value gst_elements(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsArray()) throw Error("invalid_argument", "Expected a list of element names.");
    const auto array = info[0].As<Napi::Array>();
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      const Napi::Value name = array.Get(i);
      if (!name.IsString()) throw Error("invalid_argument", "Expected a list of element names.");
      names.push_back(name.As<Napi::String>().Utf8Value());
    }
    Napi::Object object = Napi::Object::New(info.Env());
    for (const auto& [name, exists] : elements(names)) object.Set(name, exists);
    return object;
  });
}

}  // namespace

void export_camera(Napi::Env env, Napi::Object exports) {
  auto constructor =
      std::make_unique<Napi::FunctionReference>(Napi::Persistent(CameraHandle::define(env)));
  exports.Set("openCamera", Napi::Function::New(env, open_camera, "openCamera", constructor.get()));
  env.GetInstanceData<EnvironmentData>()->camera_class = std::move(constructor);
  exports.Set("cameraPipeline", Napi::Function::New(env, camera_pipeline, "cameraPipeline"));
  exports.Set("gstElements", Napi::Function::New(env, gst_elements, "gstElements"));
}

}  // namespace samwire::binding
