// CPU time of the depth of 16 masks on one thread, and of COCO RLE text to runs before it: frames
// of 1920x1080, depth of the same size and of 848x480. Prints JSON lines {name, medianMs, p10, p90,
// runs, pixels}; a run is all 16 masks. usage: depth_bench [SECONDS_EACH]

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "depth/measure.h"
#include "mask/rle.h"

namespace {

using namespace samwire;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

// 16 discs in four rows: with radius 125 they are 38% of the frame, with 60 a tenth of it.
std::vector<std::string> discs(double radius) {
  std::vector<std::string> texts;
  for (int i = 0; i < 16; ++i) {
    const double cx = 240 + 480 * (i % 4);
    const double cy = 135 + 270 * (i / 4);
    std::vector<std::uint8_t> bitmap(std::size_t{kWidth} * kHeight, 0);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        bitmap[static_cast<std::size_t>(y) * kWidth + x] =
            std::hypot(x - cx, y - cy) < radius ? 1 : 0;
      }
    }
    texts.push_back(rle_compress(bitmap_to_rle(bitmap.data(), kWidth, kHeight).counts));
  }
  return texts;
}

// A slanted ground with noise of a few units and one pixel in 20 without depth.
std::vector<std::uint8_t> ground(int width, int height) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> bytes;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int unit =
          random() % 20 == 0 ? 0 : 800 + 2000 * y / height + static_cast<int>(random() % 12);
      bytes.push_back(static_cast<std::uint8_t>(unit));
      bytes.push_back(static_cast<std::uint8_t>(unit >> 8));
    }
  }
  return bytes;
}

// Of this thread: waiting for a shared machine is not counted.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void measure(const std::string& name, double seconds, double radius, int width, int height) {
  using Clock = std::chrono::steady_clock;
  const auto bytes = ground(width, height);
  ImageView view;
  view.format = PixelFormat::kGray16LE;
  view.width = width;
  view.height = height;
  view.planes[0] = {bytes.data(), 2 * width};
  const auto texts = discs(radius);
  DepthMeter meter;
  std::uint64_t pixels = 0;
  const auto work = [&] {
    pixels = 0;
    for (const auto& text : texts) {
      const auto counts = rle_decompress(text, kWidth, kHeight);
      pixels += meter.measure(counts, kWidth, kHeight, view, {600, 600, 320, 240, 0.001}).pixels;
    }
  };
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) work();
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end || times.size() < 20) {
    const double start = cpu_ms();
    work();
    times.push_back(cpu_ms() - start);
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1) + 0.5)];
  };
  std::printf(R"({"name":"%s","medianMs":%.4f,"p10":%.4f,"p90":%.4f,"runs":%zu,"pixels":%llu})"
              "\n",
              name.c_str(), at(0.5), at(0.1), at(0.9), times.size(),
              static_cast<unsigned long long>(pixels));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  measure("16 masks, a tenth of 1080p, depth 1920x1080", seconds, 60, kWidth, kHeight);
  measure("16 masks, 38% of 1080p, depth 1920x1080", seconds, 125, kWidth, kHeight);
  measure("16 masks, 38% of 1080p, depth 848x480", seconds, 125, 848, 480);
}
