#pragma once

// See kernels.h. Included by one file for each instruction set.
//
// Why the walk is cheap. All weights are convex, so a pixel whose knots are all inside (all
// outside) is inside (outside), rounding included: sums of terms of one sign keep it. For each
// output column at most four grid columns are blended into one column of knot values; their signs
// are 32-bit masks; only blocks of rows with a sign change between their knots are evaluated, a
// vector of rows at a time. Columns, and 32-cell groups at their ends, that are outside at all
// three thresholds are not even blended.
//
// The floor is the blend: 1920 columns x 160 cells x 2 or 3 grid columns are 77,000 or 115,000
// vectors of eight multiplied and added, and 38,000 compared three times: about 40 us at 3 GHz when
// every column is blended. Measured on a shared EPYC core (AVX2, 256 x 256 -> 1080p): an object on
// a quarter of the frame 90 us direct, 130 us via the input, a small one 18 and 23 us. Contours
// everywhere (60,000 runs) cost 690 and 1,530 us: there the evaluation of single blocks, at all
// three thresholds, takes nearly all of the time. Via the input costs more, since a sign change
// lies in two blocks of up to three knots and the topmost block needs a second vector of rows.

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

// Bits of up to 64 rows of block k, from its row `first` (a multiple of 8) on. The threshold `sub`
// is subtracted from the knots, not from the sums: only so has a sum the sign that its knots agree
// on. kOneVector: no block has more than 8 rows.
template <bool kInclusive, int kRowTaps, bool kOneVector>
std::uint64_t evaluate(const WalkJob& job, int k, int first, int count, float sub) {
  const std::size_t stride = kOneVector ? 8 : job.row_stride;
  const float* weights = job.row_weights + k * kRowTaps * stride + first;
  F8 knot[kRowTaps];
  for (int t = 0; t < kRowTaps; ++t) knot[t] = splat8(job.knot_values[k + t] - sub);
  std::uint64_t bits = 0;
  for (int i = 0; i < count; i += 8) {
    F8 sum = load8(weights + i) * knot[0];
    for (int t = 1; t < kRowTaps; ++t) sum = sum + load8(weights + t * stride + i) * knot[t];
    bits |= static_cast<std::uint64_t>(inside8<kInclusive>(sum)) << i;
    if (kOneVector) break;
  }
  return bits & ~0ULL >> (64 - count);
}

struct CountRows {
  std::int64_t area = 0;

  void fill(bool inside, int row0, int row1) { area += inside ? row1 - row0 : 0; }
  void bits(std::uint64_t bits, int, int) { area += __builtin_popcountll(bits); }
};

// Writes a flip before it is known to be one: which rows flip is what a branch predictor can't
// learn.
struct EmitFlips {
  std::uint32_t* flips;
  std::size_t count;
  std::uint32_t base;  // position of the column's row 0
  bool inside;

  void fill(bool value, int row0, int row1) {
    const bool flip = value != inside && row0 < row1;
    flips[count] = base + static_cast<std::uint32_t>(row0);
    count += flip ? 1 : 0;
    inside = inside != flip;
  }
  void bits(std::uint64_t bits, int row0, int rows) {
    const std::uint64_t valid = ~0ULL >> (64 - rows);
    std::uint64_t change = (bits ^ (bits << 1 | static_cast<std::uint64_t>(inside))) & valid;
    const std::uint32_t position = base + static_cast<std::uint32_t>(row0);
    flips[count] = position + static_cast<std::uint32_t>(__builtin_ctzll(change | 1ULL << 63));
    count += change != 0 ? 1 : 0;
    change &= change - 1;
    for (; change != 0; change &= change - 1) {
      flips[count++] = position + static_cast<std::uint32_t>(__builtin_ctzll(change));
    }
    inside = (bits >> (rows - 1) & 1) != 0;
  }
};

// Sign changes between knot 32 g + bit and the next one.
inline std::uint64_t sign_changes(const std::uint32_t* signs, int g, int end, int knots) {
  if (g >= end) return 0;
  const std::uint64_t after = g + 1 < end ? signs[g + 1] & 1 : 0;
  const std::uint64_t change = signs[g] ^ (signs[g] >> 1 | after << 31);
  const int last = knots - 1 - g * kCellGroup;
  return last < kCellGroup ? change & ((1ULL << last) - 1) : change;
}

// The first knots of the blocks whose rows may differ: those with a sign change between their
// kRowTaps knots. Written eight at a time, for the same reason as above.
template <int kRowTaps>
int mixed_blocks(const std::uint32_t* signs, int begin, int end, int knots, std::uint16_t* mixed) {
  int count = 0;
  std::uint64_t change = sign_changes(signs, begin, end, knots);
  for (int g = begin; g < end; ++g) {
    const std::uint64_t next = sign_changes(signs, g + 1, end, knots);
    const std::uint64_t wide = change | next << 32;
    std::uint64_t hit = wide;
    for (int t = 2; t < kRowTaps; ++t) hit |= wide >> (t - 1);
    hit &= 0xFFFFFFFFULL;
    change = next;
    const int found = __builtin_popcountll(hit);
    for (int i = 0; i < found; i += 8) {
      for (int j = 0; j < 8; ++j) {
        const int bit = __builtin_ctzll(hit | 1ULL << 63);
        mixed[count + i + j] = static_cast<std::uint16_t>(g * kCellGroup + bit);
        hit &= hit - 1;
      }
    }
    count += found;
  }
  return count;
}

inline bool sign(const std::uint32_t* signs, int k) {
  return (signs[k / kCellGroup] >> (k % kCellGroup) & 1) != 0;
}

// Rows of one column for one threshold: `signs` holds groups [begin, end); those before and after
// are outside. The sink goes by value, to live in registers.
template <bool kInclusive, int kRowTaps, bool kOneVector, typename Sink>
Sink walk_column(const WalkJob& job, const std::uint32_t* signs, int begin, int end, float sub,
                 Sink sink) {
  std::uint16_t mixed[kMaxCellGroups * kCellGroup + 8];
  const int count = mixed_blocks<kRowTaps>(signs, begin, end, job.knots, mixed);
  int row = 0;
  for (int i = 0; i < count; ++i) {
    const int k = mixed[i];
    int first = job.block_rows[k];
    // Rows between two mixed blocks have the sign of any knot between them.
    sink.fill(sign(signs, k), row, first);
    row = job.block_rows[k + 1];
    for (int at = 0; first < row; at += kMaxRowsPerEval, first += kMaxRowsPerEval) {
      const int rows = row - first < kMaxRowsPerEval ? row - first : kMaxRowsPerEval;
      sink.bits(evaluate<kInclusive, kRowTaps, kOneVector>(job, k, at, rows, sub), first, rows);
      if (kOneVector) break;
    }
  }
  const int last = job.knots - 1;
  sink.fill(last < end * kCellGroup && sign(signs, last), row, job.frame_height);
  return sink;
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

template <bool kInclusive, int kRowTaps, bool kOneVector>
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
      const auto walk_signs = [&](const std::uint32_t* of, float sub, auto sink) {
        return walk_column<kInclusive, kRowTaps, kOneVector>(job, of, band.begin, band.end, sub,
                                                             sink);
      };
      emit = walk_signs(signs.mask, 0.0F, emit);
      job.high_area += walk_signs(signs.high, job.offset, CountRows{}).area;
      job.low_area += walk_signs(signs.low, -job.offset, CountRows{}).area;
    }
    job.flip_count = emit.count;
    job.inside = emit.inside;
    grow_box(job, x, base, first, entered);
  }
  return x;
}

template <bool kInclusive, int kRowTaps>
int walk_taps(WalkJob& job, int column) {
  return job.row_stride == 8 ? walk_columns<kInclusive, kRowTaps, true>(job, column)
                             : walk_columns<kInclusive, kRowTaps, false>(job, column);
}

template <bool kInclusive>
int walk_any(WalkJob& job, int column) {
  if (job.row_taps == 2) return walk_taps<kInclusive, 2>(job, column);
  if (job.row_taps == 3) return walk_taps<kInclusive, 3>(job, column);
  return walk_taps<kInclusive, 4>(job, column);
}

int walk(WalkJob& job, int column) {
  return job.inclusive ? walk_any<true>(job, column) : walk_any<false>(job, column);
}

constexpr MaskKernels kKernels{kSimdName, prepare, walk};

}  // namespace
}  // namespace samwire
