// Logits -> masks on a GPU against the CPU's references: every bit.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cuda/graph.h"
#include "cuda/mask.h"
#include "frame/error.h"
#include "gpu_test.h"
#include "mask/lowres.h"
#include "mask/reference.h"
#include "native/mask_fixture.h"

namespace samwire::gpu_testing {
namespace {

using namespace mask_testing;
using cuda::DeviceMask;
using cuda::DeviceMemory;
using cuda::MaskTask;

constexpr int kCandidates = 4;

// One row of candidates, each of its own kind.
Field candidates_of(const MaskSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  const float odd[] = {
      std::numeric_limits<float>::quiet_NaN(),  std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(),  std::numeric_limits<float>::max(),
      std::numeric_limits<float>::denorm_min(), -0.0F};
  Field planes[kCandidates] = {busy_field(spec, seed), blob_field(spec, seed),
                               Field(cells(spec), seed % 2 == 0 ? 3.0F : -3.0F),
                               busy_field(spec, seed + 1)};
  for (std::size_t i = 0; i < cells(spec) / 10; ++i)
    planes[3][random() % cells(spec)] = odd[random() % 6];
  Field all;
  for (const Field& plane : planes) all.insert(all.end(), plane.begin(), plane.end());
  return all;
}

// Of candidate 0, as MaskChoice says it.
bool is_stable(const Field& logits, const MaskSpec& spec, const cuda::MaskChoice& choice) {
  float sure = 0, possible = 0;
  for (std::size_t i = 0; i < cells(spec); ++i) {
    sure += logits[i] > choice.delta ? 1.F : 0.F;
    possible += logits[i] > -choice.delta ? 1.F : 0.F;
  }
  return possible == 0 || sure / possible >= choice.share;
}

class Comparison {
 public:
  Comparison(Report& report, bool mapped) : report_(report), maker_(mapped) {}

  void expect_reference(const MaskSpec& spec, unsigned seed) {
    const Field logits = candidates_of(spec, seed);
    const DeviceMemory on_device = uploaded(logits, stream_);
    const DeviceMemory iou = uploaded(Field{0.1F, 0.7F, 0.3F, NAN}, stream_);
    const DeviceMemory kept = uploaded(Field(2 * cells(spec), -7), stream_);
    const MaskTask tasks[] = {{0, 0, 1, -1},
                              {0, 1, 1, 1},
                              {0, 2, 1, -1},
                              {0, 3, 1, -1},
                              {0, cuda::kBestScore, 1, 0},
                              {0, cuda::kOfficial, 3, -1},
                              {0, cuda::kBestMulti, 3, -1},
                              {0, cuda::kStable, 3, -1}};
    const cuda::MaskChoice choice{0b1100, 0.05F, 0.9F};
    const int planes[] = {0, 1, 2, 3, 1, 0, 2, is_stable(logits, spec, choice) ? 0 : 2};
    maker_.enqueue({on_device.data<float>(), iou.data<float>(), kCandidates, kept.data<float>(),
                    spec, tasks, choice},
                   stream_.get());
    stream_.synchronize();
    const std::string name = "frame " + std::to_string(spec.frame_width) + "x" +
                             std::to_string(spec.frame_height) + ", grid " +
                             std::to_string(spec.grid_width) + ", seed " + std::to_string(seed);
    for (int i = 0; i < 8; ++i) {
      DeviceMask got;
      maker_.read(i, got);
      const float* plane = logits.data() + planes[i] * cells(spec);
      MaskResult want;
      extract_reference(plane, spec, want);
      const std::string what = name + ", task " + std::to_string(i) + ": ";
      report_.expect(got.plane == planes[i], what + "plane " + std::to_string(got.plane));
      report_.expect(difference(got.mask, want).empty(), what + difference(got.mask, want));
      const std::string low = difference(got.lowres.mask, low_res_mask(plane, spec).mask);
      report_.expect(low.empty(), what + "low resolution, " + low);
    }
    const Field kept_now = downloaded<float>(kept, stream_);
    const Field chosen(logits.begin() + static_cast<std::ptrdiff_t>(cells(spec)),
                       logits.begin() + static_cast<std::ptrdiff_t>(2 * cells(spec)));
    Field twice = chosen;
    twice.insert(twice.end(), chosen.begin(), chosen.end());
    report_.expect(kept_now == twice, name + ": the kept logits are others");
  }

 private:
  Report& report_;
  cuda::Stream stream_{cuda::Priority::kHigh};
  cuda::MaskMaker maker_;
};

}  // namespace

void check_masks(Report& report) {
  for (const bool mapped : {false, true}) {
    Comparison comparison(report, mapped);
    unsigned seed = 1;
    for (MaskSpec spec : many_specs()) {
      spec.inclusive = seed % 2 == 0;
      spec.threshold = seed % 3 == 0 ? 0.75F : 0.0F;
      spec.stability_offset = seed % 4 == 0 ? 0.0F : 1.0F;
      comparison.expect_reference(spec, seed++);
    }
    for (const bool via_input : {true, false}) {
      for (const auto& side : {std::pair{1920, 1080}, {1080, 1921}, {3840, 2160}}) {
        MaskSpec spec = sam_spec(side.first, side.second);
        spec.via_input = via_input;
        comparison.expect_reference(spec, seed++);
      }
    }
  }
}

void check_graphs(Report& report) {
  const cuda::Stream stream(cuda::Priority::kHigh);
  const DeviceMemory memory(1024, "a graph's test");
  const auto fill = [&](int value) {
    cuda::check(cudaMemsetAsync(memory.data(), value, 1024, stream.get()), "Filling");
  };
  fill(1);
  const cuda::Graph graph = cuda::Graph::record(stream, [&] { fill(2); });
  report.expect(downloaded<char>(memory, stream)[0] == 1, "a recorded fill ran at once");
  graph.launch(stream);
  report.expect(downloaded<char>(memory, stream)[1023] == 2, "a launched graph did nothing");
  bool thrown = false;
  try {
    cuda::Graph::record(stream, [] { throw Error("model_failed", "no"); });
  } catch (const Error&) {
    thrown = true;
  }
  fill(3);
  report.expect(thrown && downloaded<char>(memory, stream)[5] == 3,
                "the stream stayed in capture mode");
  thrown = false;
  try {
    cuda::Graph::record(stream, [&] { stream.synchronize(); });
  } catch (const Error& error) {
    thrown = error.code() == "model_failed";
  }
  fill(4);
  report.expect(thrown && downloaded<char>(memory, stream)[5] == 4,
                "a capture that was invalidated left the stream unusable");
}

}  // namespace samwire::gpu_testing
