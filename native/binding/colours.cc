#include "mask/colours.h"

#include <algorithm>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/exports.h"
#include "binding/frames.h"
#include "mask/rle.h"

namespace samwire::binding {
namespace {

constexpr int kMostPeaks = 16;

Napi::Float32Array to_js(Napi::Env env, const ColourHistogram& histogram) {
  auto array = Napi::Float32Array::New(env, histogram.size());
  std::copy(histogram.begin(), histogram.end(), array.Data());
  return array;
}

Napi::Value mask_colours_of(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    const auto counts =
        rle_decompress(string_argument(info, 1), frame->view.width, frame->view.height);
    const MaskColours colours = mask_colours(frame->view, counts);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("inside", to_js(info.Env(), colours.inside));
    result.Set("around", to_js(info.Env(), colours.around));
    return result;
  });
}

double number_at(const Napi::Value& value, std::uint32_t index, const char* what) {
  if (value.IsArray()) {
    const Napi::Value item = value.As<Napi::Array>().Get(index);
    if (item.IsNumber()) return item.As<Napi::Number>().DoubleValue();
  }
  throw Error("invalid_argument", std::string("Expected ") + what + " to be an array of numbers.");
}

Napi::Value find_colours_in(const Napi::CallbackInfo& info) {
  return call(info.Env(), [&]() -> Napi::Value {
    const FramePtr frame = frame_of(info[0]);
    const Napi::Object object = object_argument(info, 2);
    ColourSearch search;
    const Napi::Value area = object.Get("area");
    for (std::uint32_t i = 0; i < 4; ++i) search.area[i] = number_at(area, i, "area");
    search.width = number_of(object, "width");
    search.height = number_of(object, "height");
    const Napi::Value expected = object.Get("expected");
    search.expected_x = number_at(expected, 0, "expected");
    search.expected_y = number_at(expected, 1, "expected");
    search.sigma = number_of(object, "sigma");
    search.peaks = std::clamp(int_of(object, "peaks"), 0, kMostPeaks);
    const Napi::Float32Array chances = floats_argument(info, 1);
    if (chances.ElementLength() != kColourBins) {
      throw Error("invalid_argument", "Expected " + std::to_string(kColourBins) + " chances, got " +
                                          std::to_string(chances.ElementLength()) + ".");
    }
    const auto peaks = find_colours(
        frame->view, std::span<const float, kColourBins>(chances.Data(), kColourBins), search);
    Napi::Array result = Napi::Array::New(info.Env(), peaks.size());
    for (std::uint32_t i = 0; i < peaks.size(); ++i) {
      Napi::Object peak = Napi::Object::New(info.Env());
      peak.Set("x", peaks[i].x);
      peak.Set("y", peaks[i].y);
      peak.Set("score", peaks[i].score);
      Napi::Array seen = Napi::Array::New(info.Env(), 4);
      for (std::uint32_t k = 0; k < 4; ++k) seen.Set(k, peaks[i].seen[k]);
      peak.Set("seen", seen);
      Napi::Array inside = Napi::Array::New(info.Env(), 2);
      inside.Set(0u, peaks[i].inside_x);
      inside.Set(1u, peaks[i].inside_y);
      peak.Set("inside", inside);
      result.Set(i, peak);
    }
    return result;
  });
}

}  // namespace

void export_colours(Napi::Env env, Napi::Object exports) {
  exports.Set("maskColours", Napi::Function::New(env, mask_colours_of, "maskColours"));
  exports.Set("findColours", Napi::Function::New(env, find_colours_in, "findColours"));
}

}  // namespace samwire::binding
