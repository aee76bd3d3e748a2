#include "mask/lowres.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"
#include "mask/sampling.h"

namespace samwire {
namespace {

// Adds the share of [from, to) that lies in each cell: column[c] += length, cell c being
// [origin + c * pitch, origin + (c + 1) * pitch).
template <typename Add>
void share(double from, double to, const CellPitch& cells, int count, Add add) {
  const int first = std::max(0, static_cast<int>((from - cells.origin) / cells.pitch));
  for (int c = first; c < count; ++c) {
    const double begin = cells.origin + c * cells.pitch;
    if (begin >= to) return;
    const double length = std::min(to, begin + cells.pitch) - std::max(from, begin);
    if (length > 0) add(c, length);
  }
}

void check_runs(std::span<const std::uint32_t> counts, const MaskSpec& spec) {
  std::uint64_t sum = 0;
  for (const std::uint32_t count : counts) sum += count;
  if (sum != static_cast<std::uint64_t>(spec.frame_width) * spec.frame_height) {
    throw Error("invalid_argument",
                "Expected runs that sum to " + std::to_string(spec.frame_width) + " x " +
                    std::to_string(spec.frame_height) + " pixels; got " + std::to_string(sum));
  }
}

}  // namespace

LowResMask low_res_mask(const float* logits, const MaskSpec& spec) {
  check_mask_spec(spec);
  const GridSpan xs = frame_cells_x(spec);
  const GridSpan ys = frame_cells_y(spec);
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(xs.size) * ys.size);
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::size_t i = 0;
  for (int y = 0; y < ys.size; ++y) {
    const float* row = logits + static_cast<std::size_t>(ys.start + y) * spec.grid_width + xs.start;
    for (int x = 0; x < xs.size; ++x, ++i) {
      const float value = row[x] - spec.threshold;
      const auto over = [&](float limit) {
        return spec.inclusive ? value >= limit : value > limit;
      };
      bitmap[i] = over(0);
      high += over(spec.stability_offset);
      low += over(-spec.stability_offset);
    }
  }
  LowResMask result{xs.size, ys.size, cell_pitch_x(spec).pitch, cell_pitch_y(spec).pitch,
                    bitmap_to_rle(bitmap.data(), xs.size, ys.size)};
  result.mask.stability = low > 0 ? static_cast<double>(high) / static_cast<double>(low) : 0;
  return result;
}

void rle_to_logits(std::span<const std::uint32_t> counts, const MaskSpec& spec, float magnitude,
                   float* out) {
  check_mask_spec(spec);
  check_runs(counts, spec);
  if (!std::isfinite(magnitude)) {
    throw Error("invalid_argument", "Expected a finite magnitude");
  }
  const CellPitch px = cell_pitch_x(spec);
  const CellPitch py = cell_pitch_y(spec);
  std::vector<double> area(static_cast<std::size_t>(spec.grid_width) * spec.grid_height);
  std::vector<double> column(spec.grid_height);
  int current = -1;
  const auto flush = [&] {
    if (current < 0) return;
    share(current, current + 1, px, spec.grid_width, [&](int c, double width) {
      for (int r = 0; r < spec.grid_height; ++r) {
        area[static_cast<std::size_t>(r) * spec.grid_width + c] += width * column[r];
      }
    });
    std::fill(column.begin(), column.end(), 0.0);
  };
  for_each_column_run(counts, spec.frame_height, [&](int x, int y0, int y1) {
    if (x != current) flush();
    current = x;
    share(y0, y1, py, spec.grid_height, [&](int r, double length) { column[r] += length; });
  });
  flush();
  const double cell = px.pitch * py.pitch;
  for (std::size_t i = 0; i < area.size(); ++i) {
    out[i] = static_cast<float>(2 * std::min(1.0, area[i] / cell) - 1) * magnitude;
  }
}

}  // namespace samwire
