// Frame -> tensor on a GPU against the CPU's reference.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "cuda/half.h"
#include "cuda/preprocess.h"
#include "gpu_test.h"
#include "native/picture_fixture.h"

namespace samwire::gpu_testing {
namespace {

using namespace image_testing;
using cuda::DeviceMemory;
using cuda::TensorType;

// The picture with its planes on the device.
struct DevicePicture {
  DevicePicture(const Picture& picture, const cuda::Stream& stream) : view(picture.view) {
    for (int i = 0; i < 3; ++i) {
      if (picture.planes[i].empty()) continue;
      planes[i] = uploaded(picture.planes[i], stream);
      view.planes[i].data = planes[i].data<std::uint8_t>();
    }
  }
  ImageView view;
  DeviceMemory planes[3];
};

class Comparison {
 public:
  explicit Comparison(Report& report) : report_(report) {}

  // Levels alone are whole numbers: they must be equal in both types.
  void expect_reference(const Picture& picture, const ImageSpec& spec, double tolerance) {
    const std::vector<float> expected = reference(picture.view, spec);
    const DevicePicture on_device(picture, stream_);
    const std::vector<float> floats = run<float>(on_device.view, spec, TensorType::kFloat);
    double largest = 0;
    for (std::size_t i = 0; i < floats.size(); ++i) {
      const double delta = std::abs(static_cast<double>(floats[i]) - expected[i]);
      largest = delta <= largest ? largest : delta;  // NaN stays
    }
    report_.expect(largest <= tolerance,
                   name_of(picture.view, spec) + ": delta " + std::to_string(largest));
    const std::vector<cuda::Half> halves = run<cuda::Half>(on_device.view, spec, TensorType::kHalf);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < halves.size(); ++i)
      wrong += halves[i].bits != cuda::to_half(floats[i]).bits;
    report_.expect(wrong == 0, name_of(picture.view, spec) + ": " + std::to_string(wrong) +
                                   " halves are not the rounded floats");
    largest_ = std::max(largest_, largest);
  }
  double largest() const { return largest_; }

 private:
  template <class T>
  std::vector<T> run(const ImageView& view, const ImageSpec& spec, TensorType type) {
    const Placement p = place(spec, view.width, view.height);
    const DeviceMemory out(floats(p) * sizeof(T), "a tensor");
    cuda::check(cudaMemsetAsync(out.data(), 0xFF, out.size_bytes(), stream_.get()), "Clearing");
    preprocessor_.enqueue(view, spec, type, out.data(), stream_.get());
    return downloaded<T>(out, stream_);
  }

  Report& report_;
  cuda::Stream stream_{cuda::Priority::kLow};
  cuda::Preprocessor preprocessor_;
  double largest_ = 0;
};

}  // namespace

void check_preprocess(Report& report) {
  Random random(20240609);
  Comparison comparison(report);
  for (PixelFormat format : kFormats) {
    for (Filter filter : kFilters) {
      for (Fit fit : kFits) {
        const Picture p = picture(format, between(random, 1, 400), between(random, 1, 300), random);
        comparison.expect_reference(
            p, levels(between(random, 1, 300), between(random, 1, 200), fit, filter), 0);
      }
    }
    const Picture strip = picture(format, 2000, 33, random);
    comparison.expect_reference(strip, levels(20, 20, Fit::kStretch, Filter::kBilinearAntialias),
                                0);
    const Picture pixel = picture(format, 1, 1, random);
    comparison.expect_reference(pixel, levels(137, 21, Fit::kLetterbox, Filter::kBicubic), 0);
  }
  const Picture full_hd = picture(PixelFormat::kNV12, 1920, 1080, random);
  const Picture uhd = picture(PixelFormat::kBGRx, 3840, 2160, random);
  for (Filter filter : kFilters) {
    comparison.expect_reference(full_hd, levels(1024, 1024, Fit::kLetterbox, filter), 0);
    comparison.expect_reference(uhd, levels(512, 512, Fit::kLetterboxCentred, filter), 0);
  }
  ImageSpec sam = levels(1024, 1024, Fit::kLetterbox, Filter::kBilinearAntialias);
  sam.mean = {123.675F, 116.28F, 103.53F};
  sam.std = {58.395F, 57.12F, 57.375F};
  comparison.expect_reference(full_hd, sam, 1e-3);
  std::printf("preprocess: largest difference from the reference %.3g\n", comparison.largest());
}

}  // namespace samwire::gpu_testing
