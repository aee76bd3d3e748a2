#include "mask/extract.h"

#include <algorithm>

namespace samwire {
namespace {

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// Positions of flips -> run lengths that sum to `pixels`.
void runs_from_flips(const std::uint32_t* flips, std::size_t count, std::uint32_t pixels,
                     MaskResult& out) {
  out.counts.resize(count + 1);
  std::uint32_t position = 0;
  std::int64_t area = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t run = flips[i] - position;
    out.counts[i] = run;
    area += (i & 1) != 0 ? run : 0;
    position = flips[i];
  }
  out.counts[count] = pixels - position;
  area += (count & 1) != 0 ? pixels - position : 0;
  out.area = area;
}

}  // namespace

MaskExtractor::MaskExtractor(const MaskSpec& spec, const MaskKernels& kernels)
    : spec_(spec), kernels_(&kernels) {
  check_mask_spec(spec);
  sampling_ = sample_frame(spec);
  build_columns();
  build_blocks();
}

void MaskExtractor::build_columns() {
  const std::vector<int>& x = sampling_.x.knots;
  const std::vector<int>& y = sampling_.y.knots;
  const auto width = static_cast<int>(x.size());
  columns_adjacent_ = x.back() - x.front() == width - 1;
  cell_stride_ = round_up(static_cast<int>(y.size()), kCellGroup);
  rows_ = y;
  rows_.resize(cell_stride_, y.back());
  for (const AxisTap& tap : sampling_.x.taps) {
    ColumnTap column{tap.start, tap.count, {}};
    std::copy(tap.weight.begin(), tap.weight.end(), column.weight);
    columns_.push_back(column);
  }
  staging_.resize(columns_adjacent_ ? 0 : static_cast<std::size_t>(8) * width);
  cells_.resize(static_cast<std::size_t>(round_up(width, 8)) * cell_stride_);
  classes_.resize(static_cast<std::size_t>(width) * (cell_stride_ / kCellGroup));
  knot_values_.resize(cell_stride_ + kKnotSlack);
}

void MaskExtractor::build_blocks() {
  const std::vector<AxisTap>& taps = sampling_.y.taps;
  const auto knots = static_cast<int>(sampling_.y.knots.size());
  const auto height = static_cast<int>(taps.size());
  int row = 0;
  while (row < height && taps[row].start == 0 && taps[row].count == 1) ++row;
  block_rows_.push_back(row);
  int most = 1;
  for (int k = 0; k < knots; ++k) {
    // Rows at the last knot can't be mixed; they are no block's.
    while (k < knots - 1 && row < height && taps[row].start == k) {
      row_taps_ = std::max(row_taps_, taps[row++].count);
    }
    most = std::max(most, row - block_rows_.back());
    block_rows_.push_back(row);
  }
  row_stride_ = round_up(most, 8);
  const std::size_t block = static_cast<std::size_t>(row_taps_) * row_stride_;
  row_weights_.resize(knots * block);
  for (int k = 0; k < knots; ++k) {
    float* weights = row_weights_.data() + k * block;
    for (int r = block_rows_[k]; r < block_rows_[k + 1]; ++r, ++weights) {
      for (int t = 0; t < taps[r].count; ++t) weights[t * row_stride_] = taps[r].weight[t];
    }
  }
}

void MaskExtractor::prepare(const float* logits) {
  PrepareJob job{};
  job.logits = logits;
  job.grid_width = spec_.grid_width;
  job.rows = rows_.data();
  job.columns = sampling_.x.knots.data();
  job.column_count = static_cast<int>(sampling_.x.knots.size());
  job.columns_adjacent = columns_adjacent_;
  job.threshold = spec_.threshold;
  job.offset = spec_.stability_offset;
  job.inclusive = spec_.inclusive;
  job.staging = staging_.data();
  job.cells = cells_.data();
  job.cell_stride = cell_stride_;
  job.classes = classes_.data();
  kernels_->prepare(job);
}

WalkJob MaskExtractor::walk_job() {
  WalkJob job{};
  job.cells = cells_.data();
  job.cell_stride = cell_stride_;
  job.classes = classes_.data();
  job.knots = static_cast<int>(sampling_.y.knots.size());
  job.columns = columns_.data();
  job.frame_width = spec_.frame_width;
  job.block_rows = block_rows_.data();
  job.row_weights = row_weights_.data();
  job.row_taps = row_taps_;
  job.row_stride = row_stride_;
  job.frame_height = spec_.frame_height;
  job.offset = spec_.stability_offset;
  job.inclusive = spec_.inclusive;
  job.knot_values = knot_values_.data();
  job.flips = flips_.data();
  job.flip_capacity = flips_.size();
  job.x1 = spec_.frame_width;
  job.y1 = spec_.frame_height;
  return job;
}

void MaskExtractor::grow_flips(WalkJob& job) {
  const std::size_t column = static_cast<std::size_t>(spec_.frame_height) + 1;
  flips_.resize(std::max(2 * flips_.size(), job.flip_count + 4 * column));
  job.flips = flips_.data();
  job.flip_capacity = flips_.size();
}

void MaskExtractor::extract(const float* logits, MaskResult& out) {
  prepare(logits);
  WalkJob job = walk_job();
  for (int x = 0; x < spec_.frame_width;) {
    x = kernels_->walk(job, x);
    if (x < spec_.frame_width) grow_flips(job);
  }
  const auto pixels = static_cast<std::uint32_t>(spec_.frame_width) *
                      static_cast<std::uint32_t>(spec_.frame_height);
  runs_from_flips(job.flips, job.flip_count, pixels, out);
  out.box = {0, 0, 0, 0};
  if (out.area > 0) out.box = {job.x1, job.y1, job.x2, job.y2};
  out.stability =
      job.low_area > 0 ? static_cast<double>(job.high_area) / static_cast<double>(job.low_area) : 0;
}

}  // namespace samwire
