#include "mask/prototypes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "mask/rle.h"
#include "mask/runs.h"

namespace samwire {
namespace {

// Farther outside than any threshold.
constexpr float kOutside = -1e8F;

MaskSpec moved(MaskSpec spec, float by) {
  spec.threshold += by;
  return spec;
}

// The first whole pixel at or after a coordinate, within 0..limit; NaN is 0.
int first_pixel(float coordinate, int limit) {
  const float up = std::ceil(coordinate);
  if (!(up > 0)) return 0;
  return up < static_cast<float>(limit) ? static_cast<int>(up) : limit;
}

}  // namespace

PrototypeMasks::PrototypeMasks(const MaskSpec& spec)
    : spec_(spec),
      at_threshold_(spec),
      above_(moved(spec, spec.stability_offset)),
      below_(moved(spec, -spec.stability_offset)),
      logits_(static_cast<std::size_t>(spec.grid_width) * spec.grid_height) {
  sampling_ = sample_frame(spec_);
}

PrototypeMasks::Cells PrototypeMasks::cells_under(int x1, int y1, int x2, int y2) const {
  const auto first = [](const AxisSampling& axis, int pixel) {
    return axis.knots[axis.taps[pixel].start];
  };
  const auto end = [](const AxisSampling& axis, int pixel) {
    const AxisTap& tap = axis.taps[pixel - 1];
    return axis.knots[tap.start + tap.count - 1] + 1;
  };
  return {first(sampling_.x, x1), first(sampling_.y, y1), end(sampling_.x, x2),
          end(sampling_.y, y2)};
}

void PrototypeMasks::sum(const float* prototypes, int channels, const float* coefficients,
                         const Cells& cells) {
  const auto width = static_cast<std::size_t>(spec_.grid_width);
  const std::size_t plane = logits_.size();
  std::fill(logits_.begin(), logits_.end(), kOutside);
  for (int y = cells.y1; y < cells.y2; ++y) {
    const std::size_t row = static_cast<std::size_t>(y) * width;
    float* out = logits_.data() + row;
    std::fill(out + cells.x1, out + cells.x2, 0.0F);
    for (int c = 0; c < channels; ++c) {
      const float* from = prototypes + static_cast<std::size_t>(c) * plane + row;
      const float times = coefficients[c];
      for (int x = cells.x1; x < cells.x2; ++x) out[x] += times * from[x];
    }
  }
}

void PrototypeMasks::extract(const float* prototypes, int channels, const float* coefficients,
                             const std::array<float, 4>& box, ObjectMask& out) {
  const PixelBox pixels{
      first_pixel(box[0], spec_.frame_width), first_pixel(box[1], spec_.frame_height),
      first_pixel(box[2], spec_.frame_width), first_pixel(box[3], spec_.frame_height)};
  if (pixels.x1 < pixels.x2 && pixels.y1 < pixels.y2) {
    sum(prototypes, channels, coefficients,
        cells_under(pixels.x1, pixels.y1, pixels.x2, pixels.y2));
  } else {
    std::fill(logits_.begin(), logits_.end(), kOutside);
  }
  const auto cropped = [&](MaskExtractor& extractor) {
    extractor.extract(logits_.data(), scratch_);
    return crop_runs(scratch_.counts, spec_.frame_width, spec_.frame_height, pixels);
  };
  const auto area = [&](MaskExtractor& extractor) {
    extractor.extract(logits_.data(), scratch_);
    return static_cast<double>(area_in_box(scratch_.counts, spec_.frame_height, pixels));
  };
  out.mask = rle_measure(cropped(at_threshold_), spec_.frame_height);
  const double low = area(below_);
  out.mask.stability = low > 0 ? area(above_) / low : 0;
  const CellPitch across = cell_pitch_x(spec_);
  const CellPitch down = cell_pitch_y(spec_);
  const auto within = [](const CellPitch& cells, int cell, float from, float to) {
    const double centre = cells.origin + (cell + 0.5) * cells.pitch;
    return centre >= from && centre < to;
  };
  for (int y = 0; y < spec_.grid_height; ++y) {
    float* row = logits_.data() + static_cast<std::size_t>(y) * spec_.grid_width;
    const bool row_within = within(down, y, box[1], box[3]);
    for (int x = 0; x < spec_.grid_width; ++x) {
      if (!row_within || !within(across, x, box[0], box[2])) row[x] = kOutside;
    }
  }
  out.lowres = low_res_mask(logits_.data(), spec_);
}

}  // namespace samwire
