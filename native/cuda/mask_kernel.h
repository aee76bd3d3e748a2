#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/hd.h"
#include "cuda/mask_task.h"

// The arithmetic of mask/reference.cc and mask/lowres.cc for one thread. Every product and sum is
// rounded by itself, so that the device's bits are those of the CPU. Used as C++17, without the
// standard library's containers.

namespace samwire::cuda {

inline constexpr int kLanes = 32;     // columns of a tile ...
inline constexpr int kWordBits = 32;  // ... and its rows
inline constexpr int kTileWords = 8;  // tiles of a block, one above the other
inline constexpr int kNoRow = 1 << 30;

// samwire::AxisTap and AxisSampling in the device's memory.
struct MaskTap {
  int start, count;
  float weight[4];
};

struct MaskAxis {
  const MaskTap* taps;  // one for each row (column) of the frame
  const int* knots;     // ascending rows (columns) of the grid
  int knot_count;
};

// Pixels as bits: column-major, each column in whole words, bit 0 the topmost; the bits below the
// last row are 0. Words between column_words and column_stride are not written.
struct BitSurface {
  int width, height;
  int column_words, column_stride;
  std::uint32_t* bits;      // of the first mask
  std::size_t mask_stride;  // in words
};

// Pixels inside, over threshold + offset, over threshold - offset; the box of those inside.
struct Tally {
  std::uint32_t area, high, low;
  int x1, y1, x2, y2;
};

struct MaskHead {
  int plane;
  float score;
  Tally frame, grid;
};

struct MaskJob {
  const MaskTask* tasks = nullptr;
  int task_count = 0;
  const float* logits = nullptr;  // [rows, candidates, grid_height, grid_width]
  const float* iou = nullptr;     // [rows, candidates]
  int candidates = 0;
  MaskChoice choice;
  float* kept = nullptr;  // [slots, grid_height, grid_width]; null: no task keeps anything
  float keep_limit = 0;   // what is kept is cut at +- this
  int grid_width = 0, grid_height = 0;
  MaskAxis x{}, y{};
  int cell_x = 0, cell_y = 0;  // the grid's first cell under the frame
  float threshold = 0, offset = 0;
  bool inclusive = false;
  BitSurface frame{}, grid{};
  MaskHead* heads = nullptr;  // [task_count]
};

SAMWIRE_HD std::size_t grid_cells(const MaskJob& job) {
  return static_cast<std::size_t>(job.grid_width) * job.grid_height;
}

// ---- choice

// Cells of a candidate that are above delta, and those that are not below -delta.
struct CellCounts {
  std::uint32_t sure, possible;
};

SAMWIRE_HD void merge(CellCounts& to, const CellCounts& from) {
  to.sure += from.sure;
  to.possible += from.possible;
}

// One thread's share of candidate 0's cells.
SAMWIRE_HD CellCounts count_cells(const MaskJob& job, int index, int thread, int threads) {
  const std::size_t row = job.tasks[index].row;
  const float* logits = job.logits + row * job.candidates * grid_cells(job);
  CellCounts counts{0, 0};
  for (std::size_t i = thread; i < grid_cells(job); i += threads) {
    counts.sure += logits[i] > job.choice.delta ? 1 : 0;
    counts.possible += logits[i] > -job.choice.delta ? 1 : 0;
  }
  return counts;
}

SAMWIRE_HD float quotient(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fdiv_rn(a, b);
#else
  return a / b;
#endif
}

// A mask of nothing is stable.
SAMWIRE_HD bool is_stable(const MaskChoice& choice, const CellCounts& counts) {
  if (counts.possible == 0) return true;
  return quotient(static_cast<float>(counts.sure), static_cast<float>(counts.possible)) >=
         choice.share;
}

// `counts`: for kStable, all of candidate 0's.
SAMWIRE_HD int chosen_plane(const MaskJob& job, const MaskTask& task, const float* iou,
                            const CellCounts& counts) {
  if (task.plane >= 0) return task.plane;
  if (task.plane == kStable && is_stable(job.choice, counts)) return 0;
  const bool of_all = task.plane == kBestScore || task.plane == kOfficial;
  // In double, as JavaScript adds it.
  const double advantage = task.plane == kOfficial ? (task.points - 2.5) * 1000 : 0;
  int best = -1;
  double best_score = -__builtin_huge_val();
  for (int i = 0; i < job.candidates; ++i) {
    if (!of_all && (job.choice.multi >> i & 1U) == 0) continue;
    if (best < 0) best = i;
    const double score = iou[i] + (i == 0 ? advantage : 0);
    if (score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

SAMWIRE_HD Tally empty_tally() { return {0, 0, 0, kNoRow, kNoRow, 0, 0}; }

SAMWIRE_HD void choose(const MaskJob& job, int index, const CellCounts& counts) {
  const MaskTask task = job.tasks[index];
  const float* iou = job.iou + static_cast<std::size_t>(task.row) * job.candidates;
  const int plane = chosen_plane(job, task, iou, counts);
  job.heads[index] = {plane, iou[plane], empty_tally(), empty_tally()};
}

SAMWIRE_HD const float* chosen_logits(const MaskJob& job, int index) {
  const std::size_t row = job.tasks[index].row;
  return job.logits + (row * job.candidates + job.heads[index].plane) * grid_cells(job);
}

// NaN stays what it is.
SAMWIRE_HD float kept_logit(const MaskJob& job, float logit) {
  if (logit > job.keep_limit) return job.keep_limit;
  return logit < -job.keep_limit ? -job.keep_limit : logit;
}

// ---- tiles

struct WordTile {
  int x0, x1, y0, y1;
};

SAMWIRE_HD WordTile word_tile(const BitSurface& s, int column_tile, int word) {
  const int x0 = column_tile * kLanes, y0 = word * kWordBits;
  return {x0, smaller(x0 + kLanes, s.width), y0, smaller(y0 + kWordBits, s.height)};
}

// 32 rows of one column, a bit each.
struct Word {
  std::uint32_t inside, high, low;
};

SAMWIRE_HD std::uint32_t first_bits(int count) {
  return count >= kWordBits ? ~0U : (1U << count) - 1;
}

SAMWIRE_HD int bits_in(std::uint32_t word) {
#if defined(__CUDA_ARCH__)
  return __popc(word);
#else
  return __builtin_popcount(word);
#endif
}

SAMWIRE_HD int lowest_bit(std::uint32_t word) {
#if defined(__CUDA_ARCH__)
  return __ffs(word) - 1;
#else
  return __builtin_ctz(word);
#endif
}

SAMWIRE_HD int highest_bit(std::uint32_t word) {
#if defined(__CUDA_ARCH__)
  return 31 - __clz(word);
#else
  return 31 - __builtin_clz(word);
#endif
}

SAMWIRE_HD Tally tally_of(const Word& word, int x, int y0) {
  Tally t = empty_tally();
  t.area = bits_in(word.inside);
  t.high = bits_in(word.high);
  t.low = bits_in(word.low);
  if (word.inside != 0) {
    t.x1 = x;
    t.x2 = x + 1;
    t.y1 = y0 + lowest_bit(word.inside);
    t.y2 = y0 + highest_bit(word.inside) + 1;
  }
  return t;
}

SAMWIRE_HD void merge(Tally& to, const Tally& from) {
  to.area += from.area;
  to.high += from.high;
  to.low += from.low;
  to.x1 = smaller(to.x1, from.x1);
  to.y1 = smaller(to.y1, from.y1);
  to.x2 = larger(to.x2, from.x2);
  to.y2 = larger(to.y2, from.y2);
}

SAMWIRE_HD bool is_inside(float value, bool inclusive) {
  return inclusive ? value >= 0 : value > 0;
}

// ---- the frame

SAMWIRE_HD float product(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}

SAMWIRE_HD float sum(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}

// See mask/kernels.h, PrepareJob.
SAMWIRE_HD float cell_value(float logit, float threshold) {
  const float x = logit - threshold;
  if (x != x) return -1e36F;
  if (x < 1e-12F && x > -1e-12F) return 0;
  return smaller(larger(x, -1e8F), 1e8F);
}

struct CellRange {
  float low, high;
};

SAMWIRE_HD CellRange empty_range() { return {1e38F, -1e38F}; }

SAMWIRE_HD void merge(CellRange& to, const CellRange& from) {
  to.low = smaller(to.low, from.low);
  to.high = larger(to.high, from.high);
}

// A warp reads so many cells of a row at once, and four rows: a tile of 1080p has 6 x 6 cells.
inline constexpr int kRangeColumns = 8;

// Least and largest of this lane's share of the cells that the tile's pixels are made of.
SAMWIRE_HD CellRange cell_range(const MaskJob& job, const float* logits, const WordTile& t,
                                int lane) {
  const int left = job.x.taps[t.x0].start;
  const int top = job.y.taps[t.y0].start;
  const int width = job.x.taps[t.x1 - 1].start + job.x.taps[t.x1 - 1].count - left;
  const int height = job.y.taps[t.y1 - 1].start + job.y.taps[t.y1 - 1].count - top;
  CellRange range = empty_range();
  for (int y = lane / kRangeColumns; y < height; y += kLanes / kRangeColumns) {
    const float* row = logits + static_cast<std::size_t>(job.y.knots[top + y]) * job.grid_width;
    for (int x = lane % kRangeColumns; x < width; x += kRangeColumns) {
      const float v = cell_value(row[job.x.knots[left + x]], job.threshold);
      merge(range, {v, v});
    }
  }
  return range;
}

enum class TileClass { kOutside, kInside, kMixed };

// All weights are convex, so pixels whose cells are all on one side of a threshold are on that side
// too, rounding included: sums of terms of one sign keep it. The margin covers the rounding of the
// blend that the offset is then subtracted from, as in mask/kernels_impl.h.
SAMWIRE_HD TileClass classify(const MaskJob& job, const CellRange& range) {
  const float reach = job.offset * 1.00001F;
  if (!is_inside(range.high + reach, job.inclusive)) return TileClass::kOutside;
  if (is_inside(range.low - reach, job.inclusive)) return TileClass::kInside;
  return TileClass::kMixed;
}

// One column of the frame over the rows of the grid.
struct GridColumn {
  const float* logits;
  int cells[4];
  float weights[4];
  int count;
};

SAMWIRE_HD GridColumn grid_column(const MaskJob& job, const float* logits, int x) {
  const MaskTap tap = job.x.taps[x];
  GridColumn column{logits, {}, {}, tap.count};
  for (int t = 0; t < 4; ++t) {
    if (t >= tap.count) break;
    column.cells[t] = job.x.knots[tap.start + t];
    column.weights[t] = tap.weight[t];
  }
  return column;
}

SAMWIRE_HD float knot_value(const MaskJob& job, const GridColumn& column, int knot) {
  if (knot >= job.y.knot_count) return 0;
  const float* row = column.logits + static_cast<std::size_t>(job.y.knots[knot]) * job.grid_width;
  float value = 0;
  for (int t = 0; t < 4; ++t) {
    if (t >= column.count) break;
    value = sum(value, product(cell_value(row[column.cells[t]], job.threshold), column.weights[t]));
  }
  return value;
}

// The pixels of column x in rows y0 to y1. Taps of the rows never go back, so four knots of the
// column wander down with them.
SAMWIRE_HD Word frame_word(const MaskJob& job, const float* logits, int x, int y0, int y1) {
  const GridColumn column = grid_column(job, logits, x);
  int base = job.y.taps[y0].start;
  float knot[4];
  for (int t = 0; t < 4; ++t) knot[t] = knot_value(job, column, base + t);
  Word word{};
  for (int y = y0; y < y1; ++y) {
    const MaskTap down = job.y.taps[y];
    for (; base < down.start; ++base) {
      knot[0] = knot[1];
      knot[1] = knot[2];
      knot[2] = knot[3];
      knot[3] = knot_value(job, column, base + 4);
    }
    float value = 0, high = 0, low = 0;
    for (int t = 0; t < 4; ++t) {
      if (t >= down.count) break;
      value = sum(value, product(knot[t], down.weight[t]));
      high = sum(high, product(sum(knot[t], -job.offset), down.weight[t]));
      low = sum(low, product(sum(knot[t], job.offset), down.weight[t]));
    }
    const std::uint32_t bit = 1U << (y - y0);
    word.inside |= is_inside(value, job.inclusive) ? bit : 0;
    word.high |= is_inside(high, job.inclusive) ? bit : 0;
    word.low |= is_inside(low, job.inclusive) ? bit : 0;
  }
  return word;
}

SAMWIRE_HD Word lane_word(const MaskJob& job, const float* logits, const WordTile& t,
                          TileClass tile, int lane) {
  const int x = t.x0 + lane;
  if (x >= t.x1 || tile == TileClass::kOutside) return {};
  if (tile == TileClass::kMixed) return frame_word(job, logits, x, t.y0, t.y1);
  const std::uint32_t all = first_bits(t.y1 - t.y0);
  return {all, all, all};
}

// ---- the grid itself

SAMWIRE_HD bool is_over(float value, float limit, bool inclusive) {
  return inclusive ? value >= limit : value > limit;
}

SAMWIRE_HD Word grid_word(const MaskJob& job, const float* logits, const WordTile& t, int lane) {
  const int x = t.x0 + lane;
  Word word{};
  if (x >= t.x1) return word;
  for (int y = t.y0; y < t.y1; ++y) {
    const std::size_t row = static_cast<std::size_t>(job.cell_y + y) * job.grid_width;
    const float value = logits[row + job.cell_x + x] - job.threshold;
    const std::uint32_t bit = 1U << (y - t.y0);
    word.inside |= is_over(value, 0, job.inclusive) ? bit : 0;
    word.high |= is_over(value, job.offset, job.inclusive) ? bit : 0;
    word.low |= is_over(value, -job.offset, job.inclusive) ? bit : 0;
  }
  return word;
}

}  // namespace samwire::cuda
