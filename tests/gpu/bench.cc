// How fast the kernels are, against what this device's memory copies.
#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "cuda/graph.h"
#include "cuda/mask.h"
#include "cuda/preprocess.h"
#include "gpu_test.h"
#include "mask/sampling.h"
#include "native/mask_fixture.h"
#include "native/picture_fixture.h"

namespace samwire::gpu_testing {
namespace {

using namespace image_testing;
using namespace mask_testing;
using cuda::DeviceMemory;
using cuda::HostMemory;
using cuda::MaskTask;

constexpr int kRuns = 30;
constexpr int kMasks = 32;

struct Times {
  double median_ms, p90_ms;
};

// step(i) for each of `buffers` sets of buffers, which together exceed the device's cache, makes
// one CUDA graph; a run is one launch of it, so that the device never waits for the CPU between two
// steps. The times are those of one step.
Times measure(const cuda::Stream& stream, int buffers, const std::function<void(int)>& step) {
  const auto all = [&] {
    for (int i = 0; i < buffers; ++i) step(i);
  };
  all();  // what allocates does so now
  stream.synchronize();
  const cuda::Graph graph = cuda::Graph::record(stream, all);
  cuda::Event begin(true), end(true);
  std::vector<double> ms;
  for (int run = -3; run < kRuns; ++run) {
    begin.record(stream);
    graph.launch(stream);
    end.record(stream);
    stream.synchronize();
    if (run >= 0) ms.push_back(end.elapsed_ms_since(begin) / buffers);
  }
  std::sort(ms.begin(), ms.end());
  return {ms[kRuns / 2], ms[kRuns * 9 / 10]};
}

void print_row(const std::string& name, const Times& times, double bytes, double bandwidth) {
  const double rate = bytes / times.median_ms / 1e6;
  std::printf("%-68s %8.3f %8.3f %8.2f %8.1f %6.0f %%\n", name.c_str(), times.median_ms,
              times.p90_ms, bytes / 1e6, rate, 100 * rate / bandwidth);
}

// GB/s, each byte read and written: two bytes moved.
double copy_bandwidth(const cuda::Stream& stream) {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  const DeviceMemory from(kBytes, "a bench"), to(kBytes, "a bench");
  cuda::check(cudaMemsetAsync(from.data(), 1, kBytes, stream.get()), "Filling");
  const Times times = measure(stream, 4, [&](int) {
    cuda::check(
        cudaMemcpyAsync(to.data(), from.data(), kBytes, cudaMemcpyDeviceToDevice, stream.get()),
        "Copying");
  });
  const double rate = 2.0 * kBytes / times.median_ms / 1e6;
  print_row("copy of 256 MiB within the device", times, 2.0 * kBytes, rate);
  return rate;
}

void bench_preprocess(const cuda::Stream& stream, cuda::TensorType type, double bandwidth) {
  constexpr int kBuffers = 16;
  Random random(1);
  Picture picture = image_testing::picture(PixelFormat::kNV12, 1920, 1080, random, 0);
  ImageSpec spec = levels(1024, 1024, Fit::kLetterbox, Filter::kBilinearAntialias);
  spec.mean = {123.675F, 116.28F, 103.53F};
  spec.std = {58.395F, 57.12F, 57.375F};
  const Placement p = place(spec, 1920, 1080);
  const std::size_t out_bytes = floats(p) * cuda::bytes_of(type);
  std::vector<DeviceMemory> luma, chroma, out;
  for (int i = 0; i < kBuffers; ++i) {
    luma.push_back(uploaded(picture.planes[0], stream));
    chroma.push_back(uploaded(picture.planes[1], stream));
    out.emplace_back(out_bytes, "a tensor");
  }
  cuda::Preprocessor preprocessor;
  const Times times = measure(stream, kBuffers, [&](int i) {
    picture.view.planes[0].data = luma[i].data<std::uint8_t>();
    picture.view.planes[1].data = chroma[i].data<std::uint8_t>();
    preprocessor.enqueue(picture.view, spec, type, out[i].data(), stream.get());
  });
  const double bytes = static_cast<double>(picture.planes[0].size() + picture.planes[1].size()) +
                       static_cast<double>(out_bytes);
  print_row(std::string("preprocess 1080p NV12 -> 1024 x 1024, ") +
                (type == cuda::TensorType::kHalf ? "fp16" : "fp32"),
            times, bytes, bandwidth);
}

// Bytes: the cells under the frame, which are read, and all words, which are written; of a copy to
// the host each byte once.
void bench_masks(const cuda::Stream& stream, const char* kind, bool busy, double bandwidth) {
  constexpr int kCandidates = 4, kBuffers = 16;
  const MaskSpec spec = sam_spec(1920, 1080);
  Field logits;
  std::vector<MaskTask> tasks;
  for (int row = 0; row < kMasks; ++row) {
    for (int i = 0; i < kCandidates; ++i) {
      const auto seed = static_cast<unsigned>(row * kCandidates + i);
      const Field plane = busy ? busy_field(spec, seed) : blob_field(spec, seed);
      logits.insert(logits.end(), plane.begin(), plane.end());
    }
    tasks.push_back({row, cuda::kBestScore, 2, -1});
  }
  std::vector<DeviceMemory> rows;
  for (int i = 0; i < kBuffers; ++i) rows.push_back(uploaded(logits, stream));
  const DeviceMemory iou = uploaded(Field(kMasks * kCandidates, 0.5F), stream);
  const double words = 1920.0 * 34 + 256.0 * ((frame_cells_y(spec).size + 31) / 32);
  const double written = 4 * words * kMasks;
  const double read = 4.0 * kMasks * frame_cells_x(spec).size * frame_cells_y(spec).size;
  for (const bool mapped : {false, true}) {
    cuda::MaskMaker maker(mapped);
    maker.reserve(kMasks, spec);
    // The batches of one run overwrite each other's tasks and results: they are all the same.
    const Times times = measure(stream, kBuffers, [&](int i) {
      maker.enqueue({rows[i].data<float>(), iou.data<float>(), kCandidates, nullptr, spec, tasks},
                    stream.get());
    });
    const std::string name = std::string("32 masks at 1080p, ") + kind;
    print_row(name + (mapped ? ", bits in mapped memory" : ", with the copy to the host"), times,
              read + written * (mapped ? 1 : 2), bandwidth);
    std::vector<double> ms;
    cuda::DeviceMask mask;
    for (int run = 0; run < kRuns; ++run) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < kMasks; ++i) maker.read(i, mask);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - begin;
      ms.push_back(took.count());
    }
    std::sort(ms.begin(), ms.end());
    std::printf("%-68s %8.3f %8.3f\n", "  their runs, on the CPU", ms[kRuns / 2],
                ms[kRuns * 9 / 10]);
  }
  const DeviceMemory bits(static_cast<std::size_t>(written), "a bench");
  const HostMemory host(bits.size_bytes(), false, "a bench");
  const Times copy = measure(stream, kBuffers, [&](int) {
    cuda::check(cudaMemcpyAsync(host.data(), bits.data(), bits.size_bytes(), cudaMemcpyDeviceToHost,
                                stream.get()),
                "Copying");
  });
  print_row("  the copy of the bits to the host alone", copy, written, bandwidth);
}

}  // namespace

void bench() {
  const cuda::Stream stream(cuda::Priority::kHigh);
  std::printf("%-68s %8s %8s %8s %8s %8s\n", "", "median", "p90", "MB", "GB/s", "of copy");
  const double bandwidth = copy_bandwidth(stream);
  bench_preprocess(stream, cuda::TensorType::kHalf, bandwidth);
  bench_preprocess(stream, cuda::TensorType::kFloat, bandwidth);
  bench_masks(stream, "a few objects", false, bandwidth);
  bench_masks(stream, "contours everywhere", true, bandwidth);
  std::printf("Times in ms by events of the device, over %d launches of a graph.\n", kRuns);
}

}  // namespace samwire::gpu_testing
