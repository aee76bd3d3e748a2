#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "cuda/half.h"
#include "cuda/hd.h"
#include "frame/frame.h"
#include "image/prepare.h"
#include "image/view.h"

// The arithmetic of image/reference.cc for one block of threads, in the phases between which a
// block waits for all of its threads. Used as C++17, without the standard library's containers.

namespace samwire::cuda {

inline constexpr int kPreprocessThreadsX = 32;
inline constexpr int kPreprocessThreadsY = 8;

// One axis of the resize (image::AxisWeights) in the device's memory: output o is the sum over k <
// taps of in[start[o] + k] * weight, weight[k * outputs + o] across (neighbouring threads have
// neighbouring o), weight[o * taps + k] down.
struct PassTable {
  const std::int32_t* start;
  const std::int32_t* weight;
  int taps;
  int shift;
};

struct TensorChannel {
  int plane;  // of the source's three, in the order of its bytes
  float factor, offset;
  float padding;
};

struct PreprocessJob {
  PixelFormat format;
  const std::uint8_t* planes[3];
  int strides[3];
  int width, height;
  bool wide;  // planes and strides are aligned to 8 bytes: a pair of pixels is one load
  image::YuvFactors yuv;
  PassTable across, down;
  int low, high;  // bounds of a sum between the passes
  int top;        // the largest level after them
  Placement placement;
  TensorChannel channels[3];
  // A block's part of the tensor, and room for the largest part of the source that one needs.
  // tile_width 0: such a tile does not fit a block's shared memory; two passes over `scratch`,
  // [planes][height][placement.width].
  int tile_width, tile_height;
  int region_pitch, region_height;
  std::int16_t* scratch;
  void* out;
};

template <PixelFormat kFormat>
inline constexpr int kPlanesOf = kFormat == PixelFormat::kGray8 ? 1 : 3;

// Calls run(std::integral_constant<PixelFormat, format>{}).
template <class Run>
void with_format(PixelFormat format, Run run) {
  switch (format) {
    case PixelFormat::kNV12:
      return run(std::integral_constant<PixelFormat, PixelFormat::kNV12>{});
    case PixelFormat::kI420:
      return run(std::integral_constant<PixelFormat, PixelFormat::kI420>{});
    case PixelFormat::kYUY2:
      return run(std::integral_constant<PixelFormat, PixelFormat::kYUY2>{});
    case PixelFormat::kBGRx:
    case PixelFormat::kRGBx:
      return run(std::integral_constant<PixelFormat, PixelFormat::kRGBx>{});
    case PixelFormat::kRGB:
    case PixelFormat::kBGR:
      return run(std::integral_constant<PixelFormat, PixelFormat::kRGB>{});
    case PixelFormat::kGray8:
      return run(std::integral_constant<PixelFormat, PixelFormat::kGray8>{});
    case PixelFormat::kGray16LE:  // refused by check_view
    case PixelFormat::kGray16BE:
      return;
  }
}

inline std::size_t shared_bytes(const PreprocessJob& job) {
  return std::size_t{3} * job.region_height *
         (job.region_pitch + sizeof(std::int16_t) * job.tile_width);
}

// ---- one pixel

SAMWIRE_HD int fixed_product(int a, int b) { return (a * b + (1 << 14)) >> 15; }

struct Pair {
  std::uint8_t pixel[2][3];
};

SAMWIRE_HD void yuv_pair(const int y[2], int u, int v, const image::YuvFactors& f, Pair& out) {
  const int cu = (u - 128) * 256, cv = (v - 128) * 256;
  const int c[3] = {fixed_product(cv, f.v_to_r),
                    fixed_product(cu, f.u_to_g) + fixed_product(cv, f.v_to_g),
                    fixed_product(cu, f.u_to_b)};
  for (int i = 0; i < 2; ++i) {
    const int luma = fixed_product((y[i] << 7) - f.y_offset, f.y) + 32;
    for (int k = 0; k < 3; ++k)
      out.pixel[i][k] = static_cast<std::uint8_t>(clamp_level((luma + c[k]) >> 6, 0, 255));
  }
}

// The bytes of two pixels of a packed format, or of one plane. Integrated GPUs do not cache the
// frame's memory, so each load there is a request of its own.
template <class T>
SAMWIRE_HD void take_bytes(const std::uint8_t* at, bool wide, std::uint8_t (&bytes)[sizeof(T)]) {
  if (wide) {
    const T all = load<T>(at);
    for (int i = 0; i < static_cast<int>(sizeof(T)); ++i)
      bytes[i] = static_cast<std::uint8_t>(all >> (8 * i));
  } else {
    for (int i = 0; i < static_cast<int>(sizeof(T)); ++i) bytes[i] = at[i];
  }
}

// Pixels x and x + 1 of a row; x is even, because such two share their chroma. Where the row ends
// with x, the second is a copy.
template <PixelFormat kFormat>
SAMWIRE_HD Pair convert_pair(const PreprocessJob& job, int x, int y) {
  const std::uint8_t* row = job.planes[0] + static_cast<std::size_t>(y) * job.strides[0];
  const bool whole = x + 1 < job.width;
  const int next = whole ? x + 1 : x;
  Pair out{};
  if constexpr (kFormat == PixelFormat::kNV12 || kFormat == PixelFormat::kI420) {
    std::uint8_t luma[2] = {};
    if (whole) {
      take_bytes<std::uint16_t>(row + x, job.wide, luma);
    } else {
      luma[0] = luma[1] = row[x];
    }
    const int levels[2] = {luma[0], luma[1]};
    if constexpr (kFormat == PixelFormat::kNV12) {
      std::uint8_t uv[2];
      take_bytes<std::uint16_t>(
          job.planes[1] + static_cast<std::size_t>(y / 2) * job.strides[1] + x, job.wide, uv);
      yuv_pair(levels, uv[0], uv[1], job.yuv, out);
    } else {
      yuv_pair(levels, job.planes[1][static_cast<std::size_t>(y / 2) * job.strides[1] + x / 2],
               job.planes[2][static_cast<std::size_t>(y / 2) * job.strides[2] + x / 2], job.yuv,
               out);
    }
  } else if constexpr (kFormat == PixelFormat::kYUY2) {
    std::uint8_t bytes[4];
    take_bytes<std::uint32_t>(row + 2 * x, job.wide, bytes);
    const int luma[2] = {bytes[0], whole ? bytes[2] : bytes[0]};
    yuv_pair(luma, bytes[1], bytes[3], job.yuv, out);
  } else if constexpr (kFormat == PixelFormat::kRGBx) {
    std::uint8_t bytes[2][4];
    take_bytes<std::uint32_t>(row + 4 * x, job.wide, bytes[0]);
    take_bytes<std::uint32_t>(row + 4 * next, job.wide, bytes[1]);
    for (int i = 0; i < 2; ++i) {
      for (int k = 0; k < 3; ++k) out.pixel[i][k] = bytes[i][k];
    }
  } else {
    constexpr int kStep = kFormat == PixelFormat::kGray8 ? 1 : 3;
    for (int k = 0; k < kPlanesOf<kFormat>; ++k) {
      out.pixel[0][k] = row[kStep * x + k];
      out.pixel[1][k] = row[kStep * next + k];
    }
  }
  return out;
}

// ---- by tiles

// Part of the tensor, [x, x + width) x [y, y + height); the part of the resized picture that lies
// in it, [x0, x1) x [y0, y1) from the picture's own corner; and what that takes of the source.
struct Tile {
  int x, y, width, height;
  int x0, y0, x1, y1;
  int source_x, source_y, source_width, source_height;  // source_x is even
};

SAMWIRE_HD Tile tile_at(const PreprocessJob& job, int column, int row) {
  const Placement& p = job.placement;
  Tile t{};
  t.x = column * job.tile_width;
  t.y = row * job.tile_height;
  t.width = smaller(job.tile_width, p.tensor_width - t.x);
  t.height = smaller(job.tile_height, p.tensor_height - t.y);
  t.x0 = larger(t.x - p.x, 0);
  t.y0 = larger(t.y - p.y, 0);
  t.x1 = smaller(t.x + t.width - p.x, p.width);
  t.y1 = smaller(t.y + t.height - p.y, p.height);
  if (t.x0 >= t.x1 || t.y0 >= t.y1) return t;  // padding alone
  t.source_x = job.across.start[t.x0] & ~1;
  t.source_y = job.down.start[t.y0];
  t.source_width = job.across.start[t.x1 - 1] + job.across.taps - t.source_x;
  t.source_height = job.down.start[t.y1 - 1] + job.down.taps - t.source_y;
  return t;
}

// First phase: source -> region, [planes][region_height][region_pitch].
template <PixelFormat kFormat>
SAMWIRE_HD void convert_region(const PreprocessJob& job, const Tile& t, int thread_x, int thread_y,
                               std::uint8_t* region) {
  const int plane = job.region_height * job.region_pitch;
  for (int y = thread_y; y < t.source_height; y += kPreprocessThreadsY) {
    std::uint8_t* row = region + y * job.region_pitch;
    for (int x = 2 * thread_x; x < t.source_width; x += 2 * kPreprocessThreadsX) {
      const Pair pair = convert_pair<kFormat>(job, t.source_x + x, t.source_y + y);
      for (int k = 0; k < kPlanesOf<kFormat>; ++k) {
        row[k * plane + x] = pair.pixel[0][k];
        row[k * plane + x + 1] = pair.pixel[1][k];
      }
    }
  }
}

SAMWIRE_HD std::int16_t between_passes(const PreprocessJob& job, int sum) {
  return static_cast<std::int16_t>(clamp_level(sum >> job.across.shift, job.low, job.high));
}

// Second phase: region -> narrow, [planes][region_height][tile_width].
template <int kPlanes>
SAMWIRE_HD void narrow_region(const PreprocessJob& job, const Tile& t, int thread_x, int thread_y,
                              const std::uint8_t* region, std::int16_t* narrow) {
  const int plane = job.region_height * job.region_pitch;
  const int outputs = job.placement.width;
  for (int x = thread_x; x < t.x1 - t.x0; x += kPreprocessThreadsX) {
    const int first = job.across.start[t.x0 + x] - t.source_x;
    for (int y = thread_y; y < t.source_height; y += kPreprocessThreadsY) {
      const std::uint8_t* in = region + y * job.region_pitch + first;
      const std::int32_t* weight = job.across.weight + t.x0 + x;
      int sum[kPlanes];
      for (int& s : sum) s = 1 << (job.across.shift - 1);
      for (int k = 0; k < job.across.taps; ++k, weight += outputs) {
        for (int i = 0; i < kPlanes; ++i) sum[i] += in[i * plane + k] * *weight;
      }
      for (int i = 0; i < kPlanes; ++i) {
        narrow[(i * job.region_height + y) * job.tile_width + x] = between_passes(job, sum[i]);
      }
    }
  }
}

// One rounding on the device, whatever else the compiler would fuse: halves are the rounded floats.
SAMWIRE_HD float normalised(const TensorChannel& channel, float level) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(level, channel.factor, channel.offset);
#else
  return level * channel.factor + channel.offset;
#endif
}

SAMWIRE_HD void put(float* out, float value) { *out = value; }
SAMWIRE_HD void put(Half* out, float value) { *out = to_half(value); }

// One column between the passes: row y of plane 0 is data[origin + y * pitch]. The rows that a
// block does not hold lie outside of `data`.
struct Narrow {
  const std::int16_t* data;
  std::ptrdiff_t origin, plane, pitch;
};

// The vertical pass and all three channels of one pixel of the tensor.
template <int kPlanes, class T>
SAMWIRE_HD void write_pixel(const PreprocessJob& job, int x, int y, const Narrow& column) {
  const Placement& p = job.placement;
  T* out = static_cast<T*>(job.out) + static_cast<std::size_t>(y) * p.tensor_width + x;
  const std::size_t step = static_cast<std::size_t>(p.tensor_width) * p.tensor_height;
  const int row = y - p.y;
  if (x < p.x || x >= p.x + p.width || row < 0 || row >= p.height) {
    for (int c = 0; c < 3; ++c) put(out + c * step, job.channels[c].padding);
    return;
  }
  const std::int32_t* weight = job.down.weight + static_cast<std::size_t>(row) * job.down.taps;
  const std::int16_t* in = column.data + column.origin + job.down.start[row] * column.pitch;
  int sum[kPlanes];
  for (int& s : sum) s = 1 << (job.down.shift - 1);
  for (int k = 0; k < job.down.taps; ++k, in += column.pitch) {
    for (int i = 0; i < kPlanes; ++i) sum[i] += in[i * column.plane] * weight[k];
  }
  float level[kPlanes];
  for (int i = 0; i < kPlanes; ++i)
    level[i] = static_cast<float>(clamp_level(sum[i] >> job.down.shift, 0, job.top));
  for (int c = 0; c < 3; ++c) {
    const TensorChannel& channel = job.channels[c];
    // Not level[plane]: an index known only at run time would put `level` into local memory.
    float value = level[0];
    for (int i = 1; i < kPlanes; ++i) value = channel.plane == i ? level[i] : value;
    put(out + c * step, normalised(channel, value));
  }
}

// Third phase: narrow -> tensor.
template <int kPlanes, class T>
SAMWIRE_HD void write_tile(const PreprocessJob& job, const Tile& t, int thread_x, int thread_y,
                           const std::int16_t* narrow) {
  const std::ptrdiff_t pitch = job.tile_width;
  for (int y = thread_y; y < t.height; y += kPreprocessThreadsY) {
    for (int x = thread_x; x < t.width; x += kPreprocessThreadsX) {
      const std::ptrdiff_t column = t.x + x - job.placement.x - t.x0;
      write_pixel<kPlanes, T>(
          job, t.x + x, t.y + y,
          {narrow, column - t.source_y * pitch, job.region_height * pitch, pitch});
    }
  }
}

// ---- in two passes

// First pass, one pixel of the scratch: column x of the resized picture, row y of the source.
template <PixelFormat kFormat>
SAMWIRE_HD void narrow_pixel(const PreprocessJob& job, int x, int y) {
  constexpr int kPlanes = kPlanesOf<kFormat>;
  const int outputs = job.placement.width;
  int sum[kPlanes];
  for (int& s : sum) s = 1 << (job.across.shift - 1);
  const int first = job.across.start[x], end = first + job.across.taps;
  for (int at = first & ~1; at < end; at += 2) {
    const Pair pair = convert_pair<kFormat>(job, at, y);
    for (int i = 0; i < 2; ++i) {
      if (at + i < first || at + i >= end) continue;
      const int weight = job.across.weight[static_cast<std::size_t>(at + i - first) * outputs + x];
      for (int k = 0; k < kPlanes; ++k) sum[k] += pair.pixel[i][k] * weight;
    }
  }
  for (int k = 0; k < kPlanes; ++k) {
    job.scratch[(static_cast<std::size_t>(k) * job.height + y) * outputs + x] =
        between_passes(job, sum[k]);
  }
}

// Second pass, one pixel of the tensor.
template <int kPlanes, class T>
SAMWIRE_HD void write_from_scratch(const PreprocessJob& job, int x, int y) {
  const std::ptrdiff_t pitch = job.placement.width;
  write_pixel<kPlanes, T>(job, x, y, {job.scratch, x - job.placement.x, job.height * pitch, pitch});
}

}  // namespace samwire::cuda
