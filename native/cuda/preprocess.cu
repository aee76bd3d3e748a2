// Frame -> tensor.
//
// What bounds it. 1080p NV12 to 1024 x 1024 of halves reads 3.1 MB and writes 6.3 MB; Orin's memory
// moves 68 to 205 GB/s, so the bytes alone take 0.05 to 0.14 ms. The arithmetic is of the same
// size: 2 million pixels converted (about 20 operations), 1024 x 1080 sums across and 1024 x 576
// down, of 4 to 5 taps in three channels, 150 to 300 million operations in all with their
// addresses, against about 1 per core and clock on 1024 to 2048 cores. Neither may be done twice,
// and nothing between source and tensor may cross the memory.
//
// Hence one kernel by tiles of the tensor. A block converts the source under its tile once, into
// 8-bit planes in shared memory (chroma once for two pixels); sums across, into 16-bit numbers in
// shared memory (one load of a weight serves three channels); sums down, and writes rows of 64
// pixels whole. Between neighbouring tiles only the taps at the edges are converted again: 1.09
// times the source's pixels in all at 1080p. Where the source of the smallest tile does not fit 48
// KB (bicubic from a shrink by 13 on, bilinear from 18), two plain passes over memory take its
// place.
#include "cuda/launch.h"
#include "cuda/preprocess_kernel.h"

namespace samwire::cuda {
namespace {

constexpr int kThreads = kPreprocessThreadsX * kPreprocessThreadsY;

template <PixelFormat kFormat, class T>
__global__ void __launch_bounds__(kThreads) tile_kernel(const PreprocessJob job) {
  extern __shared__ __align__(16) std::uint8_t region[];
  auto* narrow = reinterpret_cast<std::int16_t*>(region + 3 * job.region_height * job.region_pitch);
  constexpr int kPlanes = kPlanesOf<kFormat>;
  const int x = threadIdx.x, y = threadIdx.y;
  const Tile tile = tile_at(job, blockIdx.x, blockIdx.y);
  convert_region<kFormat>(job, tile, x, y, region);
  __syncthreads();
  narrow_region<kPlanes>(job, tile, x, y, region, narrow);
  __syncthreads();
  write_tile<kPlanes, T>(job, tile, x, y, narrow);
}

template <PixelFormat kFormat>
__global__ void __launch_bounds__(kThreads) narrow_kernel(const PreprocessJob job) {
  const int x = blockIdx.x * kPreprocessThreadsX + threadIdx.x;
  const int y = blockIdx.y * kPreprocessThreadsY + threadIdx.y;
  if (x < job.placement.width && y < job.height) narrow_pixel<kFormat>(job, x, y);
}

template <int kPlanes, class T>
__global__ void __launch_bounds__(kThreads) write_kernel(const PreprocessJob job) {
  const int x = blockIdx.x * kPreprocessThreadsX + threadIdx.x;
  const int y = blockIdx.y * kPreprocessThreadsY + threadIdx.y;
  if (x < job.placement.tensor_width && y < job.placement.tensor_height) {
    write_from_scratch<kPlanes, T>(job, x, y);
  }
}

dim3 blocks(int width, int height, int block_width, int block_height) {
  return dim3((width + block_width - 1) / block_width, (height + block_height - 1) / block_height);
}

template <PixelFormat kFormat, class T>
void launch(const PreprocessJob& job, cudaStream_t stream) {
  const dim3 threads(kPreprocessThreadsX, kPreprocessThreadsY);
  const Placement& p = job.placement;
  if (job.tile_width > 0) {
    tile_kernel<kFormat, T>
        <<<blocks(p.tensor_width, p.tensor_height, job.tile_width, job.tile_height), threads,
           shared_bytes(job), stream>>>(job);
    return;
  }
  narrow_kernel<kFormat>
      <<<blocks(p.width, job.height, threads.x, threads.y), threads, 0, stream>>>(job);
  write_kernel<kPlanesOf<kFormat>, T>
      <<<blocks(p.tensor_width, p.tensor_height, threads.x, threads.y), threads, 0, stream>>>(job);
}

}  // namespace

cudaError_t launch_preprocess(const PreprocessJob& job, TensorType type, cudaStream_t stream) {
  with_format(job.format, [&](auto format) {
    if (type == TensorType::kHalf) {
      launch<decltype(format)::value, Half>(job, stream);
    } else {
      launch<decltype(format)::value, float>(job, stream);
    }
  });
  return cudaGetLastError();
}

}  // namespace samwire::cuda
