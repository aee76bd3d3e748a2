#include "mask/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "frame/error.h"

namespace samwire {
namespace {

// Along one axis: the tensor's part [offset, offset + extent) shows `frame` pixels.
struct Axis {
  int grid;
  int tensor;
  int offset;
  int extent;
  int frame;
  bool via_input;
};

Axis axis_x(const MaskSpec& s) {
  const Placement& p = s.placement;
  return {s.grid_width, p.tensor_width, p.x, p.width, s.frame_width, s.via_input};
}

Axis axis_y(const MaskSpec& s) {
  const Placement& p = s.placement;
  return {s.grid_height, p.tensor_height, p.y, p.height, s.frame_height, s.via_input};
}

// Two neighbouring samples; low == high where one is enough.
struct Lerp {
  int low;
  int high;
  double fraction;  // the weight of `high`
};

Lerp bilinear(int index, int from, int to) {
  constexpr double kSnap = 1.0 / (1 << 20);
  const double position = std::max(0.0, (index + 0.5) * from / to - 0.5);
  const int low = std::min(static_cast<int>(position), from - 1);
  const int high = std::min(low + 1, from - 1);
  const double fraction = position - low;
  if (high == low || fraction < kSnap) return {low, low, 0};
  if (fraction > 1 - kSnap) return {high, high, 0};
  return {low, high, fraction};
}

GridSpan frame_cells(const Axis& a) {
  const std::int64_t grid = a.grid;
  if (a.via_input) {
    const auto begin = static_cast<int>(grid * a.offset / a.tensor);
    const auto end = static_cast<int>((grid * (a.offset + a.extent) + a.tensor - 1) / a.tensor);
    return {begin, end - begin};
  }
  const auto size = std::max(1, static_cast<int>(grid * a.extent / a.tensor));
  const auto start = static_cast<int>((2 * grid * a.offset + a.tensor) / (2 * a.tensor));
  return {std::min(start, a.grid - size), size};
}

CellPitch cell_pitch(const Axis& a) {
  if (!a.via_input) {
    const GridSpan cells = frame_cells(a);
    const double pitch = static_cast<double>(a.frame) / cells.size;
    return {-cells.start * pitch, pitch};
  }
  const double frame_per_tensor = static_cast<double>(a.frame) / a.extent;
  return {-a.offset * frame_per_tensor, frame_per_tensor * a.tensor / a.grid};
}

// Weights of one output pixel on grid indices `first`, `first` + 1, ...; or, when the tensor is
// smaller than the grid, on indices that leave out cells nobody uses.
struct RawTap {
  std::array<int, 4> index{};
  std::array<double, 4> weight{};
  int count = 0;

  void add(int i, double w) {
    for (int k = 0; k < count; ++k) {
      if (index[k] == i) {
        weight[k] += w;
        return;
      }
    }
    index[count] = i;
    weight[count] = w;
    ++count;
  }
  void add(const Lerp& at, int shift, double w) {
    add(at.low + shift, w * (1 - at.fraction));
    if (at.high != at.low) add(at.high + shift, w * at.fraction);
  }
};

RawTap raw_tap(const Axis& a, const GridSpan& cells, int pixel) {
  RawTap tap;
  if (!a.via_input) {
    tap.add(bilinear(pixel, cells.size, a.frame), cells.start, 1);
    return tap;
  }
  const Lerp input = bilinear(pixel, a.extent, a.frame);
  tap.add(bilinear(input.low + a.offset, a.grid, a.tensor), 0, 1 - input.fraction);
  if (input.high != input.low) {
    tap.add(bilinear(input.high + a.offset, a.grid, a.tensor), 0, input.fraction);
  }
  return tap;
}

AxisSampling sample_axis(const Axis& a) {
  const GridSpan cells = frame_cells(a);
  std::vector<RawTap> raw(a.frame);
  std::vector<int> knot_of(a.grid, -1);
  for (int i = 0; i < a.frame; ++i) {
    raw[i] = raw_tap(a, cells, i);
    for (int k = 0; k < raw[i].count; ++k) knot_of[raw[i].index[k]] = 0;
  }
  AxisSampling axis;
  for (int g = 0; g < a.grid; ++g) {
    if (knot_of[g] < 0) continue;
    knot_of[g] = static_cast<int>(axis.knots.size());
    axis.knots.push_back(g);
  }
  axis.taps.resize(a.frame);
  for (int i = 0; i < a.frame; ++i) {
    const RawTap& from = raw[i];
    AxisTap& tap = axis.taps[i];
    tap.start = knot_of[from.index[0]];
    tap.count = knot_of[from.index[from.count - 1]] - tap.start + 1;
    if (tap.count < 1 || tap.count > 4) {
      throw Error("internal", "mask sampling needs " + std::to_string(tap.count) + " knots");
    }
    for (int k = 0; k < from.count; ++k) {
      tap.weight[knot_of[from.index[k]] - tap.start] = static_cast<float>(from.weight[k]);
    }
  }
  return axis;
}

void require(bool holds, const char* what) {
  if (!holds) throw Error("invalid_argument", std::string("Expected a mask spec with ") + what);
}

}  // namespace

void check_mask_spec(const MaskSpec& s) {
  const Placement& p = s.placement;
  require(s.grid_width >= 1 && s.grid_width <= 4096 && s.grid_height >= 1 && s.grid_height <= 4096,
          "a grid of 1 to 4096 cells by axis");
  require(s.frame_width >= 1 && s.frame_width <= kMaxMaskSide && s.frame_height >= 1 &&
              s.frame_height <= kMaxMaskSide,
          "a frame of 1 to 65535 pixels by axis");
  require(static_cast<std::int64_t>(s.frame_width) * s.frame_height <=
              std::numeric_limits<std::int32_t>::max(),
          "a frame of at most 2^31 - 1 pixels");
  require(p.x >= 0 && p.y >= 0 && p.width >= 1 && p.height >= 1 && p.tensor_width >= 1 &&
              p.tensor_height >= 1 && p.tensor_width <= 65535 && p.tensor_height <= 65535 &&
              p.width <= p.tensor_width - p.x && p.height <= p.tensor_height - p.y,
          "a placement inside of its tensor (at most 65535 by axis)");
  require(std::isfinite(s.threshold) && std::isfinite(s.stability_offset), "finite thresholds");
  require(s.stability_offset >= 0, "a stability offset that is not negative");
}

GridSpan frame_cells_x(const MaskSpec& spec) { return frame_cells(axis_x(spec)); }
GridSpan frame_cells_y(const MaskSpec& spec) { return frame_cells(axis_y(spec)); }
CellPitch cell_pitch_x(const MaskSpec& spec) { return cell_pitch(axis_x(spec)); }
CellPitch cell_pitch_y(const MaskSpec& spec) { return cell_pitch(axis_y(spec)); }

FrameSampling sample_frame(const MaskSpec& spec) {
  return {sample_axis(axis_x(spec)), sample_axis(axis_y(spec))};
}

}  // namespace samwire
