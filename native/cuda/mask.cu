// Low-res logits -> packed bits.
//
// What bounds it. 32 masks of 256 x 256 logits at 1080p are 66 million pixels. As floats they would
// be 265 MB, 2 to 4 ms of Orin's memory; as bits they are 8.3 MB, the logits 8.4 MB, together 0.1
// to 0.25 ms at 68 to 205 GB/s. Interpolating every pixel at all three thresholds would take about
// 40 operations each, 2.7 billion, some milliseconds on 1024 to 2048 cores: that is the bound.
//
// Hence few pixels are interpolated. A warp looks at 32 x 32 pixels, for which it reads 40 cells at
// 1080p; where all of them lie on one side of threshold +- offset it writes constant words, after
// some 200 instructions by the source's count. Only tiles that a contour crosses are interpolated,
// by some 2,000: each lane walks down a column, blending each row of the grid once. Of the tiles of
// three discs on 12 % of the frame (the tests' blob_field) that is 5 %; where contours are
// everywhere it is nearly all, and ten times the instructions.
//
// Words lie column-major, so neighbouring lanes write far from each other; eight tiles above each
// other make a block, whose words pass through shared memory and leave as 32 neighbouring bytes a
// column: one transaction also to mapped memory, which the GPU does not cache (there columns begin
// at multiples of 32 bytes). Areas and boxes are reduced by warp and block before they reach the
// counters in memory.
#include "cuda/launch.h"
#include "cuda/mask_kernel.h"

namespace samwire::cuda {
namespace {

constexpr int kThreads = kLanes * kTileWords;
constexpr unsigned kAllLanes = ~0U;

__device__ Tally shifted_down(const Tally& t, int lanes) {
  return {__shfl_down_sync(kAllLanes, t.area, lanes), __shfl_down_sync(kAllLanes, t.high, lanes),
          __shfl_down_sync(kAllLanes, t.low, lanes),  __shfl_down_sync(kAllLanes, t.x1, lanes),
          __shfl_down_sync(kAllLanes, t.y1, lanes),   __shfl_down_sync(kAllLanes, t.x2, lanes),
          __shfl_down_sync(kAllLanes, t.y2, lanes)};
}

// The whole warp's, in every lane.
__device__ CellRange of_warp(CellRange range) {
  for (int lanes = kLanes / 2; lanes > 0; lanes /= 2) {
    merge(range, {__shfl_xor_sync(kAllLanes, range.low, lanes),
                  __shfl_xor_sync(kAllLanes, range.high, lanes)});
  }
  return range;
}

// The whole warp's, in lane 0.
__device__ Tally of_warp(Tally tally) {
  for (int lanes = kLanes / 2; lanes > 0; lanes /= 2) merge(tally, shifted_down(tally, lanes));
  return tally;
}

__device__ void add_to(Tally& counters, const Tally& t) {
  if (t.low > 0) atomicAdd(&counters.low, t.low);
  if (t.high > 0) atomicAdd(&counters.high, t.high);
  if (t.area == 0) return;
  atomicAdd(&counters.area, t.area);
  atomicMin(&counters.x1, t.x1);
  atomicMin(&counters.y1, t.y1);
  atomicMax(&counters.x2, t.x2);
  atomicMax(&counters.y2, t.y2);
}

// The whole warp's, in lane 0.
__device__ CellCounts of_warp(CellCounts counts) {
  for (int lanes = kLanes / 2; lanes > 0; lanes /= 2) {
    merge(counts, {__shfl_down_sync(kAllLanes, counts.sure, lanes),
                   __shfl_down_sync(kAllLanes, counts.possible, lanes)});
  }
  return counts;
}

// A block for each task. Only kStable looks at logits: a grid of 256 x 256 is 256 loads a thread.
__global__ void choose_kernel(const MaskJob job) {
  __shared__ CellCounts counts[kTileWords];
  const int index = blockIdx.x, lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes;
  CellCounts own{0, 0};
  if (job.tasks[index].plane == kStable) own = count_cells(job, index, threadIdx.x, kThreads);
  own = of_warp(own);
  if (lane == 0) counts[warp] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  CellCounts all = counts[0];
  for (int i = 1; i < kTileWords; ++i) merge(all, counts[i]);
  choose(job, index, all);
}

__global__ void keep_kernel(const MaskJob job) {
  const int keep = job.tasks[blockIdx.y].keep;
  if (keep < 0) return;
  const float* from = chosen_logits(job, blockIdx.y);
  float* to = job.kept + keep * grid_cells(job);
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < grid_cells(job);
       i += gridDim.x * blockDim.x) {
    to[i] = kept_logit(job, from[i]);
  }
}

// x: columns by tiles; y: words of a column by blocks; z: masks.
// Five blocks a processor (Orin's hold six): 48 registers a thread, without spills on any GPU. Its
// loads wait for each other, so what hides them is other warps.
template <bool kGrid>
__global__ void __launch_bounds__(kThreads, 5) mask_kernel(const MaskJob job) {
  __shared__ std::uint32_t words[kLanes][kTileWords + 1];
  __shared__ Tally tallies[kTileWords];
  const BitSurface& surface = kGrid ? job.grid : job.frame;
  const int lane = threadIdx.x % kLanes, warp = threadIdx.x / kLanes;
  const int first_word = blockIdx.y * kTileWords;
  const WordTile tile = word_tile(surface, blockIdx.x, first_word + warp);
  Word word{};
  if (first_word + warp < surface.column_words) {
    const float* logits = chosen_logits(job, blockIdx.z);
    if constexpr (kGrid) {
      word = grid_word(job, logits, tile, lane);
    } else {
      const CellRange range = of_warp(cell_range(job, logits, tile, lane));
      word = lane_word(job, logits, tile, classify(job, range), lane);
    }
  }
  words[lane][warp] = word.inside;
  Tally tally = empty_tally();
  // Pixels that are inside are over the lower threshold too.
  if (__any_sync(kAllLanes, word.low != 0)) {
    tally = of_warp(tally_of(word, tile.x0 + lane, tile.y0));
  }
  if (lane == 0) tallies[warp] = tally;
  __syncthreads();
  const int column = threadIdx.x / kTileWords, below = threadIdx.x % kTileWords;
  if (tile.x0 + column < surface.width && first_word + below < surface.column_words) {
    surface.bits[blockIdx.z * surface.mask_stride +
                 static_cast<std::size_t>(tile.x0 + column) * surface.column_stride + first_word +
                 below] = words[column][below];
  }
  if (threadIdx.x > 0) return;
  Tally all = tallies[0];
  for (int i = 1; i < kTileWords; ++i) merge(all, tallies[i]);
  MaskHead& head = job.heads[blockIdx.z];
  add_to(kGrid ? head.grid : head.frame, all);
}

dim3 blocks(const BitSurface& surface, int masks) {
  return dim3((surface.width + kLanes - 1) / kLanes,
              (surface.column_words + kTileWords - 1) / kTileWords, masks);
}

}  // namespace

cudaError_t launch_masks(const MaskJob& job, cudaStream_t stream) {
  choose_kernel<<<job.task_count, kThreads, 0, stream>>>(job);
  if (job.kept != nullptr) keep_kernel<<<dim3(16, job.task_count), kThreads, 0, stream>>>(job);
  mask_kernel<false><<<blocks(job.frame, job.task_count), kThreads, 0, stream>>>(job);
  mask_kernel<true><<<blocks(job.grid, job.task_count), kThreads, 0, stream>>>(job);
  return cudaGetLastError();
}

}  // namespace samwire::cuda
