// The kernels on the CPU: the same functions as the .cu files call, block by block and phase by
// phase, each thread after the other.
#include "cuda/launch.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/mask_kernel.h"
#include "cuda/preprocess_kernel.h"
#include "work.h"

namespace samwire::cuda {
namespace {

template <class Run>
void for_threads(Run run) {
  for (int y = 0; y < kPreprocessThreadsY; ++y) {
    for (int x = 0; x < kPreprocessThreadsX; ++x) run(x, y);
  }
}

template <PixelFormat kFormat, class T>
void run_tiles(const PreprocessJob& job) {
  constexpr int kPlanes = kPlanesOf<kFormat>;
  const std::size_t pixels = std::size_t{3} * job.region_height;
  for (int row = 0; row * job.tile_height < job.placement.tensor_height; ++row) {
    for (int column = 0; column * job.tile_width < job.placement.tensor_width; ++column) {
      // Of their exact size and full of nonsense, as a block's shared memory is.
      std::vector<std::uint8_t> region(pixels * job.region_pitch, 0xA5);
      std::vector<std::int16_t> narrow(pixels * job.tile_width, 0x5A5A);
      const Tile tile = tile_at(job, column, row);
      for_threads([&](int x, int y) { convert_region<kFormat>(job, tile, x, y, region.data()); });
      for_threads([&](int x, int y) {
        narrow_region<kPlanes>(job, tile, x, y, region.data(), narrow.data());
      });
      for_threads([&](int x, int y) { write_tile<kPlanes, T>(job, tile, x, y, narrow.data()); });
    }
  }
}

template <PixelFormat kFormat, class T>
void run_passes(const PreprocessJob& job) {
  for (int y = 0; y < job.height; ++y) {
    for (int x = 0; x < job.placement.width; ++x) narrow_pixel<kFormat>(job, x, y);
  }
  for (int y = 0; y < job.placement.tensor_height; ++y) {
    for (int x = 0; x < job.placement.tensor_width; ++x)
      write_from_scratch<kPlanesOf<kFormat>, T>(job, x, y);
  }
}

template <PixelFormat kFormat, class T>
void run(const PreprocessJob& job) {
  job.tile_width > 0 ? run_tiles<kFormat, T>(job) : run_passes<kFormat, T>(job);
}

// One tile of a mask, as one warp makes it.
template <bool kGrid>
void run_mask_tile(const MaskJob& job, const BitSurface& surface, int mask, int column_tile,
                   int below) {
  const float* logits = chosen_logits(job, mask);
  const WordTile tile = word_tile(surface, column_tile, below);
  CellRange range = empty_range();
  if constexpr (!kGrid) {
    for (int lane = 0; lane < kLanes; ++lane) merge(range, cell_range(job, logits, tile, lane));
  }
  Tally& tally = kGrid ? job.heads[mask].grid : job.heads[mask].frame;
  for (int lane = 0; lane < kLanes; ++lane) {
    const Word word = kGrid ? grid_word(job, logits, tile, lane)
                            : lane_word(job, logits, tile, classify(job, range), lane);
    if (word.low != 0) merge(tally, tally_of(word, tile.x0 + lane, tile.y0));
    if (tile.x0 + lane >= surface.width) continue;
    const std::size_t column = static_cast<std::size_t>(tile.x0 + lane) * surface.column_stride;
    surface.bits[mask * surface.mask_stride + column + below] = word.inside;
  }
}

template <bool kGrid>
void run_mask(const MaskJob& job, const BitSurface& surface, int mask) {
  for (int tile = 0; tile * kLanes < surface.width; ++tile) {
    for (int below = 0; below < surface.column_words; ++below)
      run_mask_tile<kGrid>(job, surface, mask, tile, below);
  }
}

void run_masks(const MaskJob& job) {
  for (int i = 0; i < job.task_count; ++i) {
    CellCounts counts{0, 0};
    constexpr int kThreads = kLanes * kTileWords;
    for (int thread = 0; job.tasks[i].plane == kStable && thread < kThreads; ++thread)
      merge(counts, count_cells(job, i, thread, kThreads));
    choose(job, i, counts);
    const int keep = job.tasks[i].keep;
    if (keep >= 0) {
      const float* from = chosen_logits(job, i);
      std::transform(from, from + grid_cells(job), job.kept + keep * grid_cells(job),
                     [&](float logit) { return kept_logit(job, logit); });
    }
    run_mask<false>(job, job.frame, i);
    run_mask<true>(job, job.grid, i);
  }
}

}  // namespace

cudaError_t launch_preprocess(const PreprocessJob& job, TensorType type, cudaStream_t stream) {
  return doubles::submit(stream, [job, type] {
    with_format(job.format, [&](auto format) {
      type == TensorType::kHalf ? run<decltype(format)::value, Half>(job)
                                : run<decltype(format)::value, float>(job);
    });
  });
}

cudaError_t launch_masks(const MaskJob& job, cudaStream_t stream) {
  return doubles::submit(stream, [job] { run_masks(job); });
}

}  // namespace samwire::cuda
