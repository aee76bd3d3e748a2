#include "image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace samwire::image {
namespace {

// What one output takes from the axis, before rounding.
struct Taps {
  int first = 0;
  std::vector<double> weight;
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

// Keys' cubic convolution; a = -0.5 in Pillow, -0.75 in OpenCV.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Pillow's precision of weights. 255 * 1.25 (the sum of |weights| of its cubic) * 2^22 fits 32
// bits.
constexpr int kPillowPrecision = 22;

bool is_antialiased(Filter filter) {
  return filter == Filter::kBilinearAntialias || filter == Filter::kBilinearAntialiasFloat ||
         filter == Filter::kBicubicAntialias;
}

// Pillow's precompute_coeffs: the kernel is stretched by the shrink factor, cut at the edges,
// normalised. Its operations in its order, so that the last bits are its own.
Taps antialiased(bool bicubic, int in, int out, int o) {
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = (bicubic ? 2 : 1) * stretch;
  const double centre = (o + 0.5) * scale;
  Taps taps;
  taps.first = std::max(0, static_cast<int>(centre - support + 0.5));
  const int last = std::min(in, static_cast<int>(centre + support + 0.5));
  const double per_pixel = 1 / stretch;
  double sum = 0;
  for (int i = taps.first; i < last; ++i) {
    const double x = (i - centre + 0.5) * per_pixel;
    taps.weight.push_back(bicubic ? cubic(x, -0.5) : triangle(x));
    sum += taps.weight.back();
  }
  for (double& w : taps.weight) w /= sum;
  return taps;
}

// Two or four neighbours around the half-pixel centre; what falls outside goes to the edge pixel.
Taps interpolated(bool bicubic, int in, int out, int o) {
  const double position = (o + 0.5) * in / out - 0.5;
  const int floor = static_cast<int>(std::floor(position));
  const int begin = bicubic ? floor - 1 : floor;
  const int end = bicubic ? floor + 3 : floor + 2;
  Taps taps;
  taps.first = std::clamp(begin, 0, in - 1);
  taps.weight.assign(std::clamp(end - 1, 0, in - 1) - taps.first + 1, 0);
  for (int i = begin; i < end; ++i) {
    const double x = i - position;
    taps.weight[std::clamp(i, 0, in - 1) - taps.first] += bicubic ? cubic(x, -0.75) : triangle(x);
  }
  return taps;
}

// Each source pixel weighs as much as the output pixel covers of it.
Taps averaged(int in, int out, int o) {
  const double scale = static_cast<double>(in) / out;
  const double begin = o * scale;
  const double end = std::min<double>(in, begin + scale);
  Taps taps;
  taps.first = std::min(in - 1, static_cast<int>(begin));
  for (int i = taps.first; i < in && i < end; ++i) {
    taps.weight.push_back((std::min(end, i + 1.0) - std::max<double>(begin, i)) / (end - begin));
  }
  return taps;
}

Taps exact_taps(Filter filter, int in, int out, int o) {
  switch (filter) {
    case Filter::kBilinearAntialias:
    case Filter::kBilinearAntialiasFloat:
      return antialiased(false, in, out, o);
    case Filter::kBicubicAntialias:
      return antialiased(true, in, out, o);
    case Filter::kBicubic:
      return interpolated(true, in, out, o);
    case Filter::kArea:
      if (out < in) return averaged(in, out, o);
      break;
    case Filter::kBilinear:
      break;
  }
  return interpolated(false, in, out, o);
}

int precision_for(const std::vector<Taps>& all, int max_precision) {
  double largest = 0;
  for (const Taps& taps : all) {
    for (double w : taps.weight) largest = std::max(largest, std::abs(w));
  }
  int precision = max_precision;
  // One unit of room, since rounded() may round any weight up.
  while (std::ldexp(largest, precision) > 32766) --precision;
  return precision;
}

// Pillow's normalize_coeffs_8bpc: each weight by itself, halves away from zero.
std::vector<std::int32_t> rounded_alone(const Taps& taps) {
  std::vector<std::int32_t> weight;
  for (double w : taps.weight)
    weight.push_back(static_cast<std::int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << kPillowPrecision)));
  return weight;
}

// The running sum is rounded, not each weight, so that errors neither add up nor gather at one end.
std::vector<std::int32_t> rounded(const Taps& taps, int precision) {
  std::vector<std::int32_t> weight;
  double sum = 0;
  long before = 0;
  for (double w : taps.weight) {
    sum += w;
    const long now = std::lround(std::ldexp(sum, precision));
    weight.push_back(static_cast<std::int32_t>(now - before));
    before = now;
  }
  return weight;
}

}  // namespace

AxisWeights axis_weights(Filter filter, int in, int out, int max_precision) {
  std::vector<Taps> all(out);
  for (int o = 0; o < out; ++o) all[o] = exact_taps(filter, in, out, o);
  AxisWeights axis;
  axis.in = in;
  axis.out = out;
  axis.fine = is_antialiased(filter) && max_precision == kPillowPrecision;
  axis.precision = axis.fine ? kPillowPrecision : precision_for(all, max_precision);
  axis.start.resize(out);
  std::vector<std::vector<std::int32_t>> weights(out);
  std::vector<int> ends(out);
  for (int o = 0; o < out; ++o) {
    std::vector<std::int32_t>& w = weights[o];
    w = axis.fine ? rounded_alone(all[o]) : rounded(all[o], axis.precision);
    ends[o] = all[o].first + static_cast<int>(w.size());
    axis.start[o] = all[o].first;
    const auto lead = std::find_if(w.begin(), w.end(), [](std::int32_t v) { return v != 0; });
    axis.start[o] += static_cast<int>(lead - w.begin());
    w.erase(w.begin(), lead);
    while (w.back() == 0) {
      w.pop_back();
      --ends[o];
    }
  }
  // Dropping zeros may have made a start jump ahead of its successor's.
  for (int o = out - 2; o >= 0; --o) axis.start[o] = std::min(axis.start[o], axis.start[o + 1]);
  for (int o = 0; o < out; ++o) axis.taps = std::max(axis.taps, ends[o] - axis.start[o]);
  axis.weight.assign(static_cast<std::size_t>(out) * axis.taps, 0);
  for (int o = 0; o < out; ++o) {
    axis.start[o] = std::min(axis.start[o], in - axis.taps);
    const int lead = ends[o] - static_cast<int>(weights[o].size()) - axis.start[o];
    std::copy(weights[o].begin(), weights[o].end(),
              axis.weight.begin() + static_cast<std::ptrdiff_t>(o) * axis.taps + lead);
  }
  return axis;
}

Intermediate intermediate(Filter filter) {
  // 255 * 1.375 (the sum of |weights| of OpenCV's cubic at 0.5) * 2^6 fits 16 bits, and that times
  // 1.375 * 2^16 fits 32.
  // 255 * 2^7 fits 16 bits, and that times 2^16 fits 32.
  if (filter == Filter::kBilinearAntialiasFloat) return {7, 8, 0, 255 << 7, kPillowPrecision, 16};
  if (is_antialiased(filter)) return {0, 0, 0, 255, kPillowPrecision, kPillowPrecision};
  return {6, 0, INT16_MIN, INT16_MAX, 22, 16};
}

}  // namespace samwire::image
