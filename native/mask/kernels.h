#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// The two inner loops of MaskExtractor, built once for each instruction set (kernels_impl.h). Plain
// data only: these files are compiled with other flags than the rest, so no inline code of the
// library may be shared.

namespace samwire {

constexpr int kCellGroup = 32;       // cells are classified and compared by so many at a time
constexpr int kMaxCellGroups = 128;  // 4096 knots
constexpr int kKnotSlack = 8;        // readable floats after a column's knot values
constexpr int kMaxRowsPerEval = 64;

enum CellClass : std::uint8_t { kCellsOutside, kCellsMixed, kCellsInside };

// Grid -> `cells`: transposed, so that a grid column is contiguous; cropped to the knots; minus the
// threshold; and cleaned: NaN becomes kCellNaN, which no convex weight of a neighbour outvotes;
// larger than 1e8 (and infinity) becomes 1e8; nearer than 1e-12 to the threshold becomes 0, so that
// no product underflows.
struct PrepareJob {
  const float* logits;
  int grid_width;
  const int* rows;     // cell_stride entries: the knots' grid rows, the last one repeated
  const int* columns;  // the knots' grid columns
  int column_count;
  bool columns_adjacent;  // columns[i] == columns[0] + i
  float threshold;
  float offset;
  bool inclusive;
  float* staging;         // 8 x column_count floats
  float* cells;           // [column_count rounded up to 8][cell_stride]
  int cell_stride;        // a multiple of kCellGroup
  std::uint8_t* classes;  // [column_count][cell_stride / kCellGroup]
};

struct ColumnTap {
  int start;
  int count;
  float weight[4];
};

struct WalkJob {
  const float* cells;
  int cell_stride;
  const std::uint8_t* classes;
  int knots;  // rows of the grid in use
  const ColumnTap* columns;
  int frame_width;
  // The rows whose first knot is k are block_rows[k] to block_rows[k + 1]; rows before
  // block_rows[0] have knot 0 only. row_weights[(k * row_taps + tap) * row_stride + row -
  // block_rows[k]] are their weights over row_taps (2, 3 or 4) knots from k, zero-padded to
  // row_stride, a multiple of 8.
  const int* block_rows;
  const float* row_weights;
  int row_taps;
  int row_stride;
  int frame_height;
  float offset;
  bool inclusive;
  float* knot_values;  // cell_stride + kKnotSlack, finite

  // Column-major pixel positions at which the mask flips. walk() returns when fewer than
  // frame_height + 1 are free.
  std::uint32_t* flips;
  std::size_t flip_count;
  std::size_t flip_capacity;

  bool inside;             // the pixel before the next column
  std::int64_t high_area;  // pixels over threshold + offset
  std::int64_t low_area;   // pixels over threshold - offset
  int x1, y1, x2, y2;      // of the inside pixels so far; exclusive x2, y2
};

struct MaskKernels {
  const char* name;
  void (*prepare)(const PrepareJob&);
  // Does columns from `column` on; returns the first one not done.
  int (*walk)(WalkJob&, int column);
};

const MaskKernels& portable_mask_kernels();  // NEON on arm64, plain C++ elsewhere
#if defined(__x86_64__)
const MaskKernels& avx2_mask_kernels();
#endif
// The fastest that this CPU runs.
const MaskKernels& best_mask_kernels();

}  // namespace samwire
