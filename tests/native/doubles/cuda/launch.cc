// The kernels on the CPU: the same functions as the .cu files call, block by block and phase by
// phase, each thread after the other.
#include "cuda/launch.h"

#include <cstddef>
#include <cstdint>
#include <vector>

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

}  // namespace

cudaError_t launch_preprocess(const PreprocessJob& job, TensorType type, cudaStream_t stream) {
  return doubles::submit(stream, [job, type] {
    with_format(job.format, [&](auto format) {
      type == TensorType::kHalf ? run<decltype(format)::value, Half>(job)
                                : run<decltype(format)::value, float>(job);
    });
  });
}

}  // namespace samwire::cuda
