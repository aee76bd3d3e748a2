// Time of ImagePreparer::prepare on one thread, 1920x1080 → SAM's 1024x576 in 1024x1024 and 512x288
// in 512x512. Prints JSON lines {name, simd, medianMs, p10, p90, runs}, in CPU time, which other
// programs disturb less than the wall clock's; tests/bench/image_vs_opencv.py compares. usage:
// image_bench [SECONDS_EACH] [NAME_PART] [scalar]

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "image/prepare.h"

namespace {

using namespace samwire;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

struct Source {
  const char* name;
  PixelFormat format;
  int planes;
  int stride[3];
};

constexpr Source kSources[] = {
    {"RGB", PixelFormat::kRGB, 1, {kWidth * 3, 0, 0}},
    {"NV12", PixelFormat::kNV12, 2, {kWidth, kWidth, 0}},
    {"I420", PixelFormat::kI420, 3, {kWidth, kWidth / 2, kWidth / 2}},
    {"YUY2", PixelFormat::kYUY2, 1, {kWidth * 2, 0, 0}},
    {"BGRx", PixelFormat::kBGRx, 1, {kWidth * 4, 0, 0}},
    {"GRAY8", PixelFormat::kGray8, 1, {kWidth, 0, 0}},
};

struct NamedFilter {
  const char* name;
  Filter filter;
};

constexpr NamedFilter kFilters[] = {
    {"bilinear-antialias", Filter::kBilinearAntialias},
    {"bicubic-antialias", Filter::kBicubicAntialias},
    {"area", Filter::kArea},
    {"bilinear", Filter::kBilinear},
    {"bicubic", Filter::kBicubic},
};

double at(const std::vector<double>& sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1) + 0.5)];
}

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::vector<double> measure(ImagePreparer& preparer, const ImageView& view, const ImageSpec& spec,
                            float* out, double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) preparer.prepare(view, spec, out);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end || times.size() < 20) {
    const double start = cpu_ms();
    preparer.prepare(view, spec, out);
    times.push_back(cpu_ms() - start);
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.3;
  const char* part = argc > 2 ? argv[2] : "";
  const bool scalar = argc > 3 && std::strcmp(argv[3], "scalar") == 0;
  std::vector<std::uint8_t> memory(static_cast<std::size_t>(kWidth) * kHeight * 4);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : memory) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  std::vector<float> out(3 * 1024 * 1024);
  ImagePreparer preparer(scalar ? SimdChoice::kScalar : SimdChoice::kBest);
  for (int size : {1024, 512}) {
    for (const Source& source : kSources) {
      ImageView view;
      view.format = source.format;
      view.width = kWidth;
      view.height = kHeight;
      for (int p = 0; p < source.planes; ++p) {
        view.planes[p] = {memory.data() + static_cast<std::size_t>(p) * kWidth * kHeight,
                          source.stride[p]};
      }
      for (const NamedFilter& filter : kFilters) {
        ImageSpec spec;
        spec.width = spec.height = size;
        spec.filter = filter.filter;
        spec.mean = {123.675F, 116.28F, 103.53F};
        spec.std = {58.395F, 57.12F, 57.375F};
        const std::string name =
            std::string(source.name) + " " + filter.name + " 1920x1080 to " + std::to_string(size);
        if (name.find(part) == std::string::npos) continue;
        const std::vector<double> times = measure(preparer, view, spec, out.data(), seconds);
        std::printf(R"({"name":"%s","simd":"%s","medianMs":%.3f,"p10":%.3f,"p90":%.3f,"runs":%zu})"
                    "\n",
                    name.c_str(), scalar ? "scalar" : simd_level(), at(times, 0.5), at(times, 0.1),
                    at(times, 0.9), times.size());
      }
    }
  }
}
