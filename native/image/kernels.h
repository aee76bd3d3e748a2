#pragma once

#include <cstdint>
#include <vector>

#include "image/resample.h"
#include "image/view.h"

namespace samwire::image {

// Rows of 8-bit planes that kernels read need this many readable bytes behind their last pixel,
// rows that they write this many writable ones.
inline constexpr int kRowMargin = 64;

// The horizontal pass's weights in the order in which a kernel with `lanes` 128-bit lanes wants
// them. Near taps: four neighbouring outputs find their taps inside 16 bytes, so a byte shuffle
// gathers them, a pair of taps for each output at a time. Far taps: each output is a dot product
// over consecutive bytes. Fine weights stand in two tables of the same order, `weight` and `fine`
// (coarse_part, fine_part); else `fine` is empty.
struct HorizontalTable {
  bool near = false;
  int steps = 0;   // near: pairs of taps; far: chunks of 8 * lanes taps
  int blocks = 0;  // of 8 * lanes outputs
  int shift = 0;
  std::int16_t low = 0, high = 0;
  int pairs_in_window = 1;            // near: how many pairs one 16-byte load could serve
  std::vector<std::int32_t> offset;   // near: one for 4 outputs; far: one an output
  std::vector<std::uint8_t> shuffle;  // near: 16 for 4 outputs
  std::vector<std::int16_t> weight, fine;
};

HorizontalTable horizontal_table(const AxisWeights& axis, const Intermediate& between, int lanes);

// A table as the kernels see it, which may not use containers (kernels_impl.h).
struct HorizontalPass {
  bool near;
  int steps, blocks, shift;
  std::int16_t low, high;
  int pairs_in_window;
  const std::int32_t* offset;
  const std::uint8_t* shuffle;
  const std::int16_t* weight;
  const std::int16_t* fine;  // null where the weights are not fine
};

HorizontalPass horizontal_pass(const HorizontalTable& table);

// What the vertical pass needs for one row of one channel.
struct VerticalRow {
  const std::int16_t* const* rows;  // 2 * pairs rows
  const std::int16_t* weight;       // 2 * pairs
  const std::int16_t* fine;         // 2 * pairs, or null
  int pairs;
  int shift;
  int width;
  int high;              // the largest level
  float factor, offset;  // out = level * factor + offset
  float* out;
};

// The inner loops, once for each instruction set. Intermediate rows are in lane order
// (kernels_impl.h): nobody but the vertical kernel of the same set can read them.
struct Kernels {
  const char* name;
  int lanes;
  // One row of YUV, RGB (kRGB, kBGR) or RGBx (kRGBx, kBGRx) to three planes, in the bytes' order.
  void (*split_row)(PixelFormat format, const RowSource& row, int width, const YuvFactors& yuv,
                    std::uint8_t* const planes[3]);
  void (*join_row)(const std::uint8_t* const planes[3], int width, std::uint8_t* rgb);
  void (*horizontal)(const HorizontalPass& pass, const std::uint8_t* in, std::int16_t* out);
  void (*vertical)(const VerticalRow& row);
};

const Kernels& plain_kernels() noexcept;
const Kernels& avx2_kernels() noexcept;  // x86-64 only
const Kernels& neon_kernels() noexcept;  // arm64 only
const Kernels& kernels(SimdChoice choice) noexcept;

}  // namespace samwire::image
