// Time of the mask code on one thread: 256x256 logits → 1920x1080 COCO RLE string (with area, box
// and stability), and the RLE's own conversions. Prints JSON lines {name, simd, medianMs, p10, p90,
// runs, pixelRuns}; tests/bench/mask_vs_opencv.py compares. usage: mask_bench [SECONDS_EACH]
// [NAME_PART] [DIR] With DIR (an existing folder) it also writes the logits (<field>.f32) and the
// strings (<name>.rle) for comparison.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "mask/extract.h"
#include "mask/polygon.h"
#include "mask/rle.h"

namespace {

using namespace samwire;

constexpr int kGrid = 256;
constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

// "blob": one object on a quarter of the frame with a wavy outline. "small": one of 60 pixels.
// "busy": contours everywhere, as networks with random weights draw them.
std::vector<float> field(const std::string& kind) {
  std::vector<float> logits(kGrid * kGrid);
  for (int y = 0; y < kGrid; ++y) {
    for (int x = 0; x < kGrid; ++x) {
      const double dx = x - 120.0;
      const double dy = y - 70.0;
      const double angle = std::atan2(dy, dx);
      const double radius = std::hypot(dx, dy);
      double value = 0;
      if (kind == "blob") value = 52 + 7 * std::sin(5 * angle) + 3 * std::sin(17 * angle) - radius;
      if (kind == "small") value = 4 - radius;
      if (kind == "busy") {
        value =
            4 * std::sin(0.55 * x + 2 * std::sin(0.13 * y)) * std::cos(0.6 * y - std::sin(0.2 * x));
      }
      logits[y * kGrid + x] = static_cast<float>(std::clamp(0.6 * value, -15.0, 15.0));
    }
  }
  return logits;
}

double at(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1) + 0.5)];
}

template <typename Work>
void measure(const std::string& name, const char* simd, double seconds, std::size_t pixel_runs,
             Work work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) work();
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end || times.size() < 20) {
    const auto start = Clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  std::printf(
      R"({"name":"%s","simd":"%s","medianMs":%.4f,"p10":%.4f,"p90":%.4f,"runs":%zu,"pixelRuns":%zu})"
      "\n",
      name.c_str(), simd, at(times, 0.5), at(times, 0.1), at(times, 0.9), times.size(), pixel_runs);
}

MaskSpec spec_of(bool via_input) {
  MaskSpec spec;
  spec.placement = {0, 0, 1024, 576, 1024, 1024};
  spec.frame_width = kWidth;
  spec.frame_height = kHeight;
  spec.via_input = via_input;
  return spec;
}

void measure_extraction(const std::string& kind, bool via_input, const MaskKernels& kernels,
                        double seconds, const std::string& part, const std::string& folder) {
  const std::string name = "mask " + kind + (via_input ? " via-input" : " direct");
  if (name.find(part) == std::string::npos) return;
  const std::vector<float> logits = field(kind);
  MaskExtractor extractor(spec_of(via_input), kernels);
  MaskResult mask;
  std::string text;
  const auto work = [&] {
    extractor.extract(logits.data(), mask);
    text = rle_compress(mask.counts);
  };
  work();
  measure(name, kernels.name, seconds, mask.counts.size(), work);
  if (folder.empty()) return;
  std::ofstream(folder + "/" + kind + ".f32", std::ios::binary)
      .write(reinterpret_cast<const char*>(logits.data()),
             static_cast<std::streamsize>(logits.size() * sizeof(float)));
  std::ofstream(folder + "/" + name + ".rle") << text;
}

void measure_conversions(const std::string& kind, double seconds, const std::string& part) {
  const std::vector<float> logits = field(kind);
  MaskResult mask;
  MaskExtractor(spec_of(true)).extract(logits.data(), mask);
  const std::string text = rle_compress(mask.counts);
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(kWidth) * kHeight);
  const auto add = [&](const std::string& name, auto work) {
    if (name.find(part) == std::string::npos) return;
    measure(name, "plain", seconds, mask.counts.size(), work);
  };
  add("rle string to bitmap " + kind, [&] {
    rle_to_bitmap(rle_decompress(text, kWidth, kHeight), kWidth, kHeight, bitmap.data());
  });
  rle_to_bitmap(mask.counts, kWidth, kHeight, bitmap.data());
  add("bitmap to rle string " + kind,
      [&] { rle_compress(bitmap_to_rle(bitmap.data(), kWidth, kHeight).counts); });
  add("rle to polygons exact " + kind, [&] { rle_to_polygons(mask.counts, kWidth, kHeight, 0); });
  add("rle to polygons 1 px " + kind, [&] { rle_to_polygons(mask.counts, kWidth, kHeight, 1); });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.3;
  const std::string part = argc > 2 ? argv[2] : "";
  const std::string folder = argc > 3 ? argv[3] : "";
  for (const MaskKernels* kernels : {&best_mask_kernels(), &portable_mask_kernels()}) {
    for (const char* kind : {"blob", "small", "busy"}) {
      for (const bool via_input : {false, true}) {
        measure_extraction(kind, via_input, *kernels, seconds, part, folder);
      }
    }
    if (&best_mask_kernels() == &portable_mask_kernels()) break;
  }
  for (const char* kind : {"blob", "busy"}) measure_conversions(kind, seconds, part);
}
