#include "image/scaled.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/frames.h"
#include "binding/picture_worker.h"

namespace samwire::binding {
namespace {

// Scratch memory of the threads of libuv's pool, as much as are at work at a time. Shared with the
// work in progress, which may outlive the environment.
class Scratch {
 public:
  std::unique_ptr<ScaledRgb> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<ScaledRgb>();
    auto taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }
  void give(std::unique_ptr<ScaledRgb> scratch) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<ScaledRgb>> free_;
};

class ScaleWorker : public PictureWorker {
 public:
  ScaleWorker(Napi::Env env, FramePtr frame, int width, int height,
              std::shared_ptr<Scratch> scratch, const Napi::Uint8Array& out)
      : PictureWorker(env, "samwire-scale", out),
        frame_(std::move(frame)),
        width_(width),
        height_(height),
        scratch_(std::move(scratch)) {}

 private:
  void make(std::uint8_t* out) override {
    // The frame goes here, not with the promise: its memory is the camera's next.
    const FramePtr frame = std::move(frame_);
    auto scaled = scratch_->take();
    scaled->write(frame->view, width_, height_, out);
    scratch_->give(std::move(scaled));
  }

  FramePtr frame_;
  int width_;
  int height_;
  std::shared_ptr<Scratch> scratch_;
};

// The fourth argument, or a new Buffer where there is none.
Napi::Uint8Array out_of(const Napi::CallbackInfo& info, std::size_t bytes) {
  if (info[3].IsUndefined()) return Napi::Buffer<std::uint8_t>::New(info.Env(), bytes);
  const Napi::Uint8Array out = bytes_of(info[3], "the output");
  if (out.ByteLength() == bytes) return out;
  throw Error("invalid_argument", "Expected an output of " + std::to_string(bytes) +
                                      " bytes, got " + std::to_string(out.ByteLength()) + ".");
}

// scaledRgb(frameId, width, height, out?)
Napi::Value scaled_rgb(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    FramePtr frame = frame_of(info[0]);
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    check_scaled_size(frame->view, width, height);
    const std::size_t bytes =
        static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
    const Napi::Uint8Array out = out_of(info, bytes);
    auto* scratch = static_cast<std::shared_ptr<Scratch>*>(info.Data());
    auto* worker = new ScaleWorker(info.Env(), std::move(frame), width, height, *scratch, out);
    const Napi::Promise promise = worker->promise();
    worker->Queue();
    return promise;
  });
}

}  // namespace

void export_scaled(Napi::Env env, Napi::Object exports) {
  auto scratch = std::make_unique<std::shared_ptr<Scratch>>(std::make_shared<Scratch>());
  auto function = Napi::Function::New(env, scaled_rgb, "scaledRgb", scratch.get());
  function.AddFinalizer([](Napi::Env, std::shared_ptr<Scratch>* data) { delete data; },
                        scratch.release());
  exports.Set("scaledRgb", function);
}

}  // namespace samwire::binding
