#include "mask/labels.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/picture_worker.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

class PaintWorker : public PictureWorker {
 public:
  PaintWorker(Napi::Env env, std::vector<LabelLayer> layers, int width, int height, int bits,
              const Napi::Buffer<std::uint8_t>& out)
      : PictureWorker(env, "samwire-labels", out),
        layers_(std::move(layers)),
        width_(width),
        height_(height),
        bits_(bits) {}

 private:
  void make(std::uint8_t* out) override {
    if (bits_ == 8) {
      paint_labels(layers_, width_, height_, out);
    } else {
      paint_labels(layers_, width_, height_, reinterpret_cast<std::uint16_t*>(out));
    }
  }

  std::vector<LabelLayer> layers_;
  int width_;
  int height_;
  int bits_;
};

std::vector<LabelLayer> layers_of(const Napi::Value& value) {
  if (!value.IsArray()) throw Error("invalid_argument", "Expected an array of layers.");
  const auto array = value.As<Napi::Array>();
  std::vector<LabelLayer> layers;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value layer = array.Get(i);
    if (!layer.IsObject()) throw Error("invalid_argument", "Expected each layer to be an object.");
    const auto object = layer.As<Napi::Object>();
    const int label = int_of(object, "label");
    if (label < 0 || label > 65535) {
      throw Error("invalid_argument",
                  "Expected a label of 0 to 65535, got " + std::to_string(label) + ".");
    }
    layers.push_back({string_of(object, "counts"), static_cast<std::uint16_t>(label)});
  }
  return layers;
}

// paintLabels(layers, width, height, bits)
Napi::Value paint_labels_async(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    std::vector<LabelLayer> layers = layers_of(info[0]);
    const int width = int_argument(info, 1);
    const int height = int_argument(info, 2);
    const int bits = int_argument(info, 3);
    if (bits != 8 && bits != 16) throw Error("invalid_argument", "Expected 8 or 16 bits.");
    const std::size_t bytes = std::size_t{mask_pixel_count(width, height)} * (bits / 8);
    const auto out = Napi::Buffer<std::uint8_t>::New(info.Env(), bytes);
    auto* worker = new PaintWorker(info.Env(), std::move(layers), width, height, bits, out);
    const Napi::Promise promise = worker->promise();
    worker->Queue();
    return promise;
  });
}

}  // namespace

void export_labels(Napi::Env env, Napi::Object exports) {
  exports.Set("paintLabels", Napi::Function::New(env, paint_labels_async, "paintLabels"));
}

}  // namespace samwire::binding
