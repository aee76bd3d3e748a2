#include "mask/reference.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "mask/sampling.h"

namespace samwire {
namespace {

float cell_value(float logit, float threshold) {
  const float x = logit - threshold;
  if (std::isnan(x)) return -1e36F;
  if (std::fabs(x) < 1e-12F) return 0;
  return std::clamp(x, -1e8F, 1e8F);
}

bool is_inside(float value, bool inclusive) { return inclusive ? value >= 0 : value > 0; }

void add_pixel(MaskResult& out, bool inside, bool& state) {
  if (inside != state) out.counts.push_back(0);
  state = inside;
  ++out.counts.back();
}

}  // namespace

void extract_reference(const float* logits, const MaskSpec& spec, MaskResult& out) {
  check_mask_spec(spec);
  const FrameSampling sampling = sample_frame(spec);
  const std::vector<int>& rows = sampling.y.knots;
  const float offset = spec.stability_offset;
  std::vector<float> column(rows.size());
  std::int64_t high_area = 0;
  std::int64_t low_area = 0;
  bool state = false;
  out = {{0}, 0, {spec.frame_width, spec.frame_height, 0, 0}, 0};
  for (int x = 0; x < spec.frame_width; ++x) {
    const AxisTap& across = sampling.x.taps[x];
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const float* row = logits + static_cast<std::size_t>(rows[k]) * spec.grid_width;
      column[k] = 0;
      for (int t = 0; t < across.count; ++t) {
        const float cell = cell_value(row[sampling.x.knots[across.start + t]], spec.threshold);
        column[k] = column[k] + cell * across.weight[t];
      }
    }
    for (int y = 0; y < spec.frame_height; ++y) {
      const AxisTap& down = sampling.y.taps[y];
      float value = 0;
      float high = 0;
      float low = 0;
      for (int t = 0; t < down.count; ++t) {
        const float knot = column[down.start + t];
        value = value + knot * down.weight[t];
        high = high + (knot - offset) * down.weight[t];
        low = low + (knot + offset) * down.weight[t];
      }
      high_area += is_inside(high, spec.inclusive);
      low_area += is_inside(low, spec.inclusive);
      const bool inside = is_inside(value, spec.inclusive);
      add_pixel(out, inside, state);
      if (!inside) continue;
      ++out.area;
      out.box = {std::min(out.box[0], x), std::min(out.box[1], y), std::max(out.box[2], x + 1),
                 std::max(out.box[3], y + 1)};
    }
  }
  if (out.area == 0) out.box = {0, 0, 0, 0};
  if (low_area > 0) out.stability = static_cast<double>(high_area) / static_cast<double>(low_area);
}

}  // namespace samwire
