#include "cuda/preprocess.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/launch.h"
#include "cuda/memory.h"
#include "cuda/preprocess_kernel.h"
#include "cuda/recent.h"
#include "cuda/upload.h"
#include "image/resample.h"
#include "image/view.h"

namespace samwire::cuda {
namespace {

using image::AxisWeights;
using image::Intermediate;

// What every device gives a block without being asked.
constexpr std::size_t kSharedLimit = 48 * 1024;
// Six blocks of 256 threads, all that one of Orin's processors (sm_87) holds, share 164 KB, of
// which CUDA keeps 1 KB a block.
constexpr std::size_t kSharedWanted = 26 * 1024 + 512;

struct TileSize {
  int width, height;
};
// The larger, the fewer source pixels are converted twice; the narrower, the more threads idle.
constexpr TileSize kTiles[] = {{64, 16}, {64, 8}, {32, 16}, {32, 8}, {16, 8}, {16, 4}, {8, 4}};

// Longest stretch of source under one tile, when tiles of `tile` outputs begin at -offset.
int longest_region(const AxisWeights& axis, int tile, int offset, bool even_start) {
  int longest = 0;
  for (int begin = -(offset % tile); begin < axis.out; begin += tile) {
    const int first = axis.start[std::max(begin, 0)];
    const int last = axis.start[std::min(begin + tile, axis.out) - 1];
    longest = std::max(longest, last + axis.taps - (even_start ? first & ~1 : first));
  }
  return longest;
}

void set_tile(PreprocessJob& job, const AxisWeights& across, const AxisWeights& down,
              const TileSize& tile) {
  job.tile_width = tile.width;
  job.tile_height = tile.height;
  job.region_pitch = (longest_region(across, tile.width, job.placement.x, true) + 1) / 2 * 2;
  job.region_height = longest_region(down, tile.height, job.placement.y, false);
}

void choose_tile(PreprocessJob& job, const AxisWeights& across, const AxisWeights& down) {
  for (const std::size_t limit : {kSharedWanted, kSharedLimit}) {
    for (const TileSize& tile : kTiles) {
      set_tile(job, across, down, tile);
      if (shared_bytes(job) <= limit) return;
    }
  }
  job.tile_width = 0;
}

// [taps][outputs]: see PassTable.
std::vector<std::int32_t> transposed(const AxisWeights& axis) {
  std::vector<std::int32_t> weight(axis.weight.size());
  for (int o = 0; o < axis.out; ++o) {
    for (int k = 0; k < axis.taps; ++k) {
      weight[static_cast<std::size_t>(k) * axis.out + o] =
          axis.weight[static_cast<std::size_t>(o) * axis.taps + k];
    }
  }
  return weight;
}

// What depends on sizes alone.
struct Plan {
  DeviceMemory tables;
  PreprocessJob job{};
  std::size_t scratch_bytes = 0;
};

Plan make_plan(const ImageView& view, Filter filter, const Placement& p, cudaStream_t stream) {
  const Intermediate between = image::intermediate(filter);
  const AxisWeights across =
      image::axis_weights(filter, view.width, p.width, between.max_precision_horizontal);
  const AxisWeights down =
      image::axis_weights(filter, view.height, p.height, between.max_precision_vertical);
  Plan plan;
  TableLayout layout;
  const std::size_t at[] = {layout.add(across.start), layout.add(transposed(across)),
                            layout.add(down.start), layout.add(down.weight)};
  plan.tables = layout.upload(stream, "resampling tables");
  const auto* base = plan.tables.data<std::byte>();
  const auto table = [&](std::size_t start, std::size_t weight, int taps, int shift) {
    return PassTable{reinterpret_cast<const std::int32_t*>(base + start),
                     reinterpret_cast<const std::int32_t*>(base + weight), taps, shift};
  };
  PreprocessJob& job = plan.job;
  job.across = table(at[0], at[1], across.taps, across.precision - between.fraction);
  job.down =
      table(at[2], at[3], down.taps, down.precision + between.fraction - between.level_fraction);
  job.low = between.low;
  job.high = between.high;
  job.top = 255 << between.level_fraction;
  job.placement = p;
  choose_tile(job, across, down);
  if (job.tile_width == 0)
    plan.scratch_bytes = std::size_t{3} * view.height * p.width * sizeof(std::int16_t);
  return plan;
}

TensorChannel channel_of(const ImageSpec& spec, PixelFormat format, int c) {
  const int colour = spec.channels == Channels::kRGB ? c : 2 - c;
  const bool bytes_are_bgr = format == PixelFormat::kBGR || format == PixelFormat::kBGRx;
  TensorChannel channel{};
  channel.plane = format == PixelFormat::kGray8 ? 0 : bytes_are_bgr ? 2 - colour : colour;
  const int level_fraction = image::intermediate(spec.filter).level_fraction;
  channel.factor = spec.scale / spec.std[c] / static_cast<float>(1 << level_fraction);
  channel.offset = -spec.mean[c] / spec.std[c];
  channel.padding =
      spec.pad_after_normalise ? 0.0F : (spec.pad_level * spec.scale - spec.mean[c]) / spec.std[c];
  return channel;
}

}  // namespace

struct Preprocessor::State {
  // Filter, the picture's sides, and the placement.
  Recent<std::array<int, 9>, Plan> plans;
  DeviceMemory scratch;
};

Preprocessor::Preprocessor() : state_(std::make_unique<State>()) {}
Preprocessor::~Preprocessor() = default;

Placement Preprocessor::enqueue(const ImageView& view, const ImageSpec& spec, TensorType type,
                                void* out, cudaStream_t stream) {
  image::check_view(view);
  const Placement p = place(spec, view.width, view.height);
  const Plan& plan = state_->plans.get({static_cast<int>(spec.filter), view.width, view.height, p.x,
                                        p.y, p.width, p.height, p.tensor_width, p.tensor_height},
                                       [&] { return make_plan(view, spec.filter, p, stream); });
  if (plan.scratch_bytes > state_->scratch.size_bytes()) {
    state_->scratch = DeviceMemory();
    state_->scratch = DeviceMemory(plan.scratch_bytes, "resizing");
  }
  PreprocessJob job = plan.job;
  job.format = view.format;
  job.wide = true;
  for (int i = 0; i < image::plane_count(view.format); ++i) {
    const std::uint8_t* data = view.planes[i].data;
    job.planes[i] = data;
    job.strides[i] = view.planes[i].stride;
    job.wide = job.wide && (reinterpret_cast<std::uintptr_t>(data) | job.strides[i]) % 8 == 0;
  }
  job.width = view.width;
  job.height = view.height;
  job.yuv = image::yuv_factors(view.matrix, view.range);
  for (int c = 0; c < 3; ++c) job.channels[c] = channel_of(spec, view.format, c);
  job.scratch = state_->scratch.data<std::int16_t>();
  job.out = out;
  check(launch_preprocess(job, type, stream), "Preparing a frame on the device");
  return p;
}

}  // namespace samwire::cuda
