#pragma once

// See kernels.h. Included by one file for each instruction set.
//
// Why the walk is cheap. All weights are convex, so a pixel whose knots are all inside (all
// outside) is inside (outside), rounding included: sums of terms of one sign keep it. For each
// output column at most four grid columns are blended into one column of knot values; their signs
// are 32-bit masks; only where the sign changes between neighbouring knots are the few output rows
// evaluated whose support holds both. Columns, and 32-cell groups at their ends, that are outside
// at all three thresholds are not even blended.

#include "mask/kernels.h"
#include "mask/simd.h"

namespace samwire {
namespace {

// ---- prepare

inline void transpose_block(const float* const (&rows)[8], int column, F8 threshold, float* out,
                            int stride) {
  F8 block[8];
  for (int i = 0; i < 8; ++i) block[i] = prepare_cell(load8(rows[i] + column), threshold);
  transpose8(block);
  for (int i = 0; i < 8; ++i) store8(out + static_cast<std::size_t>(i) * stride, block[i]);
}

inline void transpose_band(const PrepareJob& job, const float* const (&rows)[8], int knot) {
  const F8 threshold = splat8(job.threshold);
  const std::size_t stride = job.cell_stride;
  int c = 0;
  for (; c + 8 <= job.column_count; c += 8) {
    transpose_block(rows, c, threshold, job.cells + c * stride + knot, job.cell_stride);
  }
  if (c == job.column_count) return;
  float tail[8][8] = {};
  const float* tail_rows[8];
  for (int i = 0; i < 8; ++i) {
    for (int j = c; j < job.column_count; ++j) tail[i][j - c] = rows[i][j];
    tail_rows[i] = tail[i];
  }
  transpose_block(tail_rows, 0, threshold, job.cells + c * stride + knot, job.cell_stride);
}

// The margin covers the rounding of a blend: a group is outside (inside) only where the blend is
// bound to be.
template <bool kInclusive>
void classify(const PrepareJob& job) {
  const F8 reach = splat8(job.offset * 1.00001F);
  const int groups = job.cell_stride / kCellGroup;
  for (int c = 0; c < job.column_count; ++c) {
    const float* column = job.cells + static_cast<std::size_t>(c) * job.cell_stride;
    for (int g = 0; g < groups; ++g, column += kCellGroup) {
      const F8 v[4] = {load8(column), load8(column + 8), load8(column + 16), load8(column + 24)};
      const std::uint32_t low =
          inside32<kInclusive>(v[0] + reach, v[1] + reach, v[2] + reach, v[3] + reach);
      const std::uint32_t high =
          inside32<kInclusive>(v[0] - reach, v[1] - reach, v[2] - reach, v[3] - reach);
      job.classes[static_cast<std::size_t>(c) * groups + g] = low == 0              ? kCellsOutside
                                                              : high == 0xFFFFFFFFU ? kCellsInside
                                                                                    : kCellsMixed;
    }
  }
}

void prepare(const PrepareJob& job) {
  for (int knot = 0; knot < job.cell_stride; knot += 8) {
    const float* rows[8];
    for (int i = 0; i < 8; ++i) {
      const float* row = job.logits + static_cast<std::size_t>(job.rows[knot + i]) * job.grid_width;
      rows[i] = row + job.columns[0];
      if (job.columns_adjacent) continue;
      float* staged = job.staging + static_cast<std::size_t>(i) * job.column_count;
      for (int c = 0; c < job.column_count; ++c) staged[c] = row[job.columns[c]];
      rows[i] = staged;
    }
    transpose_band(job, rows, knot);
  }
  job.inclusive ? classify<true>(job) : classify<false>(job);
}

// ---- walk

struct Signs {
  std::uint32_t mask[kMaxCellGroups];
  std::uint32_t high[kMaxCellGroups];
  std::uint32_t low[kMaxCellGroups];
};

template <bool kInclusive, int kTaps>
void blend(const WalkJob& job, const ColumnTap& tap, int begin, int end, Signs& signs) {
  const float* base = job.cells + static_cast<std::size_t>(tap.start) * job.cell_stride;
  const std::size_t stride = job.cell_stride;
  F8 weight[kTaps];
  for (int t = 0; t < kTaps; ++t) weight[t] = splat8(tap.weight[t]);
  const F8 offset = splat8(job.offset);
  for (int g = begin; g < end; ++g) {
    F8 v[4];
    for (int i = 0; i < 4; ++i) {
      const float* cell = base + g * kCellGroup + i * 8;
      v[i] = load8(cell) * weight[0];
      for (int t = 1; t < kTaps; ++t) v[i] = v[i] + load8(cell + t * stride) * weight[t];
      store8(job.knot_values + g * kCellGroup + i * 8, v[i]);
    }
    signs.mask[g] = inside32<kInclusive>(v[0], v[1], v[2], v[3]);
    signs.high[g] =
        inside32<kInclusive>(v[0] - offset, v[1] - offset, v[2] - offset, v[3] - offset);
    signs.low[g] = inside32<kInclusive>(v[0] + offset, v[1] + offset, v[2] + offset, v[3] + offset);
  }
}

// Bits of up to 64 rows of `gap` from row0 + first (a multiple of 8) on.
template <bool kInclusive, int kTaps>
std::uint64_t evaluate(const float* knots, const float* weights, int stride, int count, float sub) {
  F8 knot[kTaps];
  for (int t = 0; t < kTaps; ++t) knot[t] = splat8(knots[t] - sub);
  std::uint64_t bits = 0;
  for (int i = 0; i < count; i += 8) {
    F8 sum = load8(weights + i) * knot[0];
    for (int t = 1; t < kTaps; ++t) {
      sum = sum + load8(weights + static_cast<std::size_t>(t) * stride + i) * knot[t];
    }
    bits |= static_cast<std::uint64_t>(inside8<kInclusive>(sum)) << i;
  }
  return bits;
}

template <bool kInclusive>
std::uint64_t evaluate(const WalkJob& job, const RowGap& gap, int first, int count, float sub) {
  const float* knots = job.knot_values + gap.knot0;
  const float* weights = job.gap_weights + gap.weights + first;
  if (gap.taps == 2) return evaluate<kInclusive, 2>(knots, weights, gap.stride, count, sub);
  if (gap.taps == 4) return evaluate<kInclusive, 4>(knots, weights, gap.stride, count, sub);
  return evaluate<kInclusive, 6>(knots, weights, gap.stride, count, sub);
}

struct CountRows {
  std::int64_t area = 0;

  void fill(bool inside, int row0, int row1) { area += inside && row0 < row1 ? row1 - row0 : 0; }
  void bits(std::uint64_t bits, int, int) { area += __builtin_popcountll(bits); }
};

struct EmitFlips {
  std::uint32_t* flips;
  std::size_t count;
  std::uint32_t base;  // position of the column's row 0
  bool inside;

  void fill(bool value, int row0, int row1) {
    if (value == inside || row0 >= row1) return;
    flips[count++] = base + static_cast<std::uint32_t>(row0);
    inside = value;
  }
  void bits(std::uint64_t bits, int row0, int rows) {
    const std::uint64_t valid = rows == 64 ? ~0ULL : (1ULL << rows) - 1;
    std::uint64_t change = (bits ^ (bits << 1 | static_cast<std::uint64_t>(inside))) & valid;
    while (change != 0) {
      const int row = row0 + __builtin_ctzll(change);
      flips[count++] = base + static_cast<std::uint32_t>(row);
      change &= change - 1;
    }
    inside = (bits >> (rows - 1) & 1) != 0;
  }
};

// Rows of one column for one threshold: `signs` holds groups [begin, end); those before and after
// are outside.
template <bool kInclusive, typename Sink>
void walk_column(const WalkJob& job, const std::uint32_t* signs, int begin, int end, float sub,
                 Sink& sink) {
  const int last = job.knots - 1;
  bool inside = begin == 0 && (signs[0] & 1) != 0;
  int row = 0;
  for (int g = begin; g < end; ++g) {
    const std::uint32_t after = g + 1 < end ? signs[g + 1] : 0;
    std::uint32_t change = signs[g] ^ (signs[g] >> 1 | after << 31);
    if (last - g * kCellGroup < kCellGroup) change &= (1U << (last - g * kCellGroup)) - 1;
    for (; change != 0; change &= change - 1) {
      const RowGap& gap = job.gaps[g * kCellGroup + __builtin_ctz(change)];
      sink.fill(inside, row, gap.row0);
      inside = !inside;
      for (int r = gap.row0 > row ? gap.row0 : row; r < gap.row1;) {
        const int first = (r - gap.row0) & ~7;
        const int skip = r - gap.row0 - first;
        int rows = gap.row1 - gap.row0 - first;
        if (rows > kMaxRowsPerEval) rows = kMaxRowsPerEval;
        std::uint64_t bits = evaluate<kInclusive>(job, gap, first, rows, sub);
        if (rows < 64) bits &= (1ULL << rows) - 1;
        sink.bits(bits >> skip, r, rows - skip);
        r += rows - skip;
      }
      if (gap.row1 > row) row = gap.row1;
    }
  }
  sink.fill(inside, row, job.frame_height);
}

// What a run of output columns over the same grid columns has in common.
struct Band {
  int start = -1;
  int count = 0;
  int begin = 0;  // groups to blend; none when begin == end
  int end = 0;
  bool all_inside = false;
};

void classify_band(const WalkJob& job, const ColumnTap& tap, Band& band) {
  const int groups = job.cell_stride / kCellGroup;
  const std::uint8_t* classes = job.classes + static_cast<std::size_t>(tap.start) * groups;
  int begin = groups;
  int end = 0;
  bool all_inside = true;
  for (int t = 0; t < tap.count; ++t, classes += groups) {
    for (int g = 0; g < groups; ++g) {
      all_inside = all_inside && classes[g] == kCellsInside;
      if (classes[g] == kCellsOutside) continue;
      if (g < begin) begin = g;
      if (g >= end) end = g + 1;
    }
  }
  // One group more on both sides: a sign change at the border reads knots beyond it.
  band = {tap.start, tap.count, begin > 0 ? begin - 1 : 0, end < groups ? end + 1 : groups,
          all_inside};
  if (begin >= end) band.begin = band.end = 0;
}

template <bool kInclusive>
void blend_any(const WalkJob& job, const ColumnTap& tap, const Band& band, Signs& signs) {
  switch (tap.count) {
    case 1:
      return blend<kInclusive, 1>(job, tap, band.begin, band.end, signs);
    case 2:
      return blend<kInclusive, 2>(job, tap, band.begin, band.end, signs);
    case 3:
      return blend<kInclusive, 3>(job, tap, band.begin, band.end, signs);
    default:
      return blend<kInclusive, 4>(job, tap, band.begin, band.end, signs);
  }
}

// Grows the box by column x, whose flips start at `first` and which was entered with state
// `entered`.
inline void grow_box(WalkJob& job, int x, std::uint32_t base, std::size_t first, bool entered) {
  const bool flips = job.flip_count > first;
  const bool flips_at_top = flips && job.flips[first] == base;
  int top = 0;
  if (flips_at_top == entered) {  // row 0 is outside
    const std::size_t rise = first + (flips_at_top ? 1 : 0);
    if (rise >= job.flip_count) return;
    top = static_cast<int>(job.flips[rise] - base);
  }
  const int bottom = job.inside || !flips ? job.frame_height
                                          : static_cast<int>(job.flips[job.flip_count - 1] - base);
  if (x < job.x1) job.x1 = x;
  job.x2 = x + 1;
  if (top < job.y1) job.y1 = top;
  if (bottom > job.y2) job.y2 = bottom;
}

template <bool kInclusive>
int walk_columns(WalkJob& job, int x) {
  Signs signs;
  Band band;
  const std::size_t height = job.frame_height;
  for (; x < job.frame_width && job.flip_capacity - job.flip_count > height; ++x) {
    const ColumnTap& tap = job.columns[x];
    if (tap.start != band.start || tap.count != band.count) classify_band(job, tap, band);
    const std::uint32_t base = static_cast<std::uint32_t>(x) * job.frame_height;
    const bool entered = job.inside;
    const std::size_t first = job.flip_count;
    EmitFlips emit{job.flips, first, base, entered};
    if (band.all_inside || band.begin == band.end) {
      emit.fill(band.all_inside, 0, job.frame_height);
      const std::int64_t area = band.all_inside ? job.frame_height : 0;
      job.high_area += area;
      job.low_area += area;
    } else {
      blend_any<kInclusive>(job, tap, band, signs);
      walk_column<kInclusive>(job, signs.mask, band.begin, band.end, 0.0F, emit);
      CountRows high;
      walk_column<kInclusive>(job, signs.high, band.begin, band.end, job.offset, high);
      CountRows low;
      walk_column<kInclusive>(job, signs.low, band.begin, band.end, -job.offset, low);
      job.high_area += high.area;
      job.low_area += low.area;
    }
    job.flip_count = emit.count;
    job.inside = emit.inside;
    grow_box(job, x, base, first, entered);
  }
  return x;
}

int walk(WalkJob& job, int column) {
  return job.inclusive ? walk_columns<true>(job, column) : walk_columns<false>(job, column);
}

constexpr MaskKernels kKernels{kSimdName, prepare, walk};

}  // namespace
}  // namespace samwire
