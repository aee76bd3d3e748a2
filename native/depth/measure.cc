#include "depth/measure.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>

#include "frame/error.h"
#include "frame/layout.h"
#include "mask/rle.h"

namespace samwire {
namespace {

constexpr int kDepths = 65536;
constexpr int kStrip = 64;
constexpr double kMadToSigma = 1.4826;
constexpr double kBandSigmas = 3;
constexpr double kBandShare = 0.02;

// A run of mask pixels in one row: columns [x, x + count) of the mask, count <= 64.
struct Span {
  int x;
  int count;
  int y;
};

// Visits a mask by rows within strips of 64 columns: a depth picture lies in rows, and walking it
// down its columns, as the runs go, would touch a cache line a pixel. `flips` has height + 1 zeros,
// and has them again afterwards.
template <typename Visit>
void for_each_span(std::span<const std::uint32_t> counts, int height, std::uint64_t* flips,
                   Visit visit) {
  int strip = -1;
  int top = height;
  int bottom = 0;
  const auto flush = [&] {
    std::uint64_t inside = 0;
    for (int y = top; y < bottom; ++y) {
      inside ^= flips[y];
      flips[y] = 0;
      for (std::uint64_t rest = inside; rest != 0;) {
        const int first = std::countr_zero(rest);
        const int count = std::countr_one(rest >> first);
        visit(Span{strip * kStrip + first, count, y});
        rest &= count + first == kStrip ? 0 : ~std::uint64_t{0} << (first + count);
      }
    }
    flips[bottom] = 0;
    top = height;
    bottom = 0;
  };
  for_each_column_run(counts, height, [&](int x, int y0, int y1) {
    if (x / kStrip != strip) {
      flush();
      strip = x / kStrip;
    }
    const std::uint64_t column = std::uint64_t{1} << (x % kStrip);
    flips[y0] ^= column;
    flips[y1] ^= column;
    top = std::min(top, y0);
    bottom = std::max(bottom, y1);
  });
  flush();
}

// Reads spans of a depth picture. `kSwapped`: the other byte order than this machine's; `kSame`:
// the mask has the picture's size.
template <bool kSwapped, bool kSame>
class Reader {
 public:
  Reader(const ImageView& depth, const std::uint32_t* column_of, const std::uint32_t* row_of)
      : plane_(depth.planes[0]), column_of_(column_of), row_of_(row_of) {}

  // each(i, depth) for the span's pixels, i from 0.
  template <typename Each>
  void read(const Span& span, Each each) const {
    const std::uint32_t y = kSame ? static_cast<std::uint32_t>(span.y) : row_of_[span.y];
    const std::uint8_t* const row = plane_.data + static_cast<std::size_t>(y) * plane_.stride;
    for (int i = 0; i < span.count; ++i) {
      const std::uint32_t x =
          kSame ? static_cast<std::uint32_t>(span.x + i) : column_of_[span.x + i];
      const std::uint8_t* const at = row + std::size_t{2} * x;
      each(i, kSwapped ? static_cast<std::uint32_t>(at[0] << 8 | at[1])
                       : static_cast<std::uint32_t>(at[1] << 8 | at[0]));
    }
  }

 private:
  const ImageView::Plane plane_;
  const std::uint32_t* const column_of_;
  const std::uint32_t* const row_of_;
};

// Of the depths that were met: 0 and 65535 apart, since they are no distance and would make every
// range the whole one.
struct Range {
  std::uint32_t low = kDepths;
  std::uint32_t high = 0;
};

class Histogram {
 public:
  explicit Histogram(std::uint32_t* counts) : counts_(counts) {}

  std::uint32_t* lane(int i) { return counts_ + (i & 1) * kDepths; }
  std::uint64_t at(std::int64_t depth) const {
    return std::uint64_t{counts_[depth]} + counts_[kDepths + depth];
  }
  void clear(const Range& range) {
    for (int lane = 0; lane < 2; ++lane) {
      std::uint32_t* const counts = counts_ + lane * kDepths;
      counts[0] = counts[kDepths - 1] = 0;
      if (range.low <= range.high) std::fill(counts + range.low, counts + range.high + 1, 0);
    }
  }

 private:
  std::uint32_t* counts_;
};

// The depths of rank `first` and `second` (from 0, first <= second) in [low, high].
std::pair<std::int64_t, std::int64_t> at_ranks(const Histogram& histogram, std::int64_t low,
                                               std::uint64_t first, std::uint64_t second) {
  std::int64_t depth = low;
  std::uint64_t below = histogram.at(depth);
  while (below <= first) below += histogram.at(++depth);
  const std::int64_t lower = depth;
  while (below <= second) below += histogram.at(++depth);
  return {lower, depth};
}

// The lower median of |depth - centre| over [low, high], which hold `valid` pixels.
std::int64_t deviation(const Histogram& histogram, std::int64_t low, std::int64_t high,
                       std::int64_t centre, std::uint64_t valid) {
  const std::uint64_t rank = (valid - 1) / 2;
  std::uint64_t within = histogram.at(centre);
  std::int64_t distance = 0;
  while (within <= rank) {
    ++distance;
    if (centre - distance >= low) within += histogram.at(centre - distance);
    if (centre + distance <= high) within += histogram.at(centre + distance);
  }
  return distance;
}

struct Sums {
  std::uint64_t count = 0;
  std::uint64_t z = 0;
  std::uint64_t xz = 0;  // x, y: of the mask. At most 2^15 * 2^16 * 2^31
  std::uint64_t yz = 0;
};

template <class DepthReader>
void count_depths(const DepthReader& reader, std::span<const std::uint32_t> counts, int height,
                  std::uint64_t* flips, Histogram& histogram, Range& range, std::uint64_t& pixels) {
  // low - 1 and high + 1, wrapped, so that 0 and 65535 are never the least and the greatest.
  std::uint32_t least = kDepths - 1;
  std::uint32_t greatest = 0;
  for_each_span(counts, height, flips, [&](const Span& span) {
    pixels += static_cast<std::uint64_t>(span.count);
    reader.read(span, [&](int i, std::uint32_t depth) {
      ++histogram.lane(i)[depth];
      least = std::min(least, (depth - 1) & 0xffff);
      greatest = std::max(greatest, (depth + 1) & 0xffff);
    });
  });
  range.low = least + 1;
  range.high = greatest == 0 ? 0 : greatest - 1;
}

template <class DepthReader>
Sums sum_points(const DepthReader& reader, std::span<const std::uint32_t> counts, int height,
                std::uint64_t* flips, std::uint32_t low, std::uint32_t high) {
  Sums sums;
  for_each_span(counts, height, flips, [&](const Span& span) {
    std::uint32_t inside = 0;
    std::uint32_t z = 0;   // at most 64 * 2^16
    std::uint32_t iz = 0;  // at most 64 * 64 * 2^16
    reader.read(span, [&](int i, std::uint32_t depth) {
      const std::uint32_t kept = depth - low <= high - low ? depth : 0;
      inside += kept != 0 ? 1 : 0;
      z += kept;
      iz += kept * static_cast<std::uint32_t>(i);
    });
    sums.count += inside;
    sums.z += z;
    sums.xz += static_cast<std::uint64_t>(span.x) * z + iz;
    sums.yz += static_cast<std::uint64_t>(span.y) * z;
  });
  return sums;
}

// Means are taken in the mask's pixels and mapped to the depth picture's afterwards: pixel u of W
// lies at (u + 0.5) * w / W - 0.5 of w.
std::array<double, 3> point(const Sums& sums, int width, int height, const ImageView& depth,
                            const DepthModel& model) {
  const auto n = static_cast<double>(sums.count);
  const double z = static_cast<double>(sums.z) / n;
  const auto mean = [&](std::uint64_t product, int from, int to, double centre, double focal) {
    const double ratio = static_cast<double>(to) / from;
    return (ratio * static_cast<double>(product) / n + (0.5 * ratio - 0.5 - centre) * z) / focal;
  };
  return {model.scale * mean(sums.xz, width, depth.width, model.cx, model.fx),
          model.scale * mean(sums.yz, height, depth.height, model.cy, model.fy), model.scale * z};
}

template <class DepthReader>
MaskDepth measure_with(const DepthReader& reader, std::span<const std::uint32_t> counts, int width,
                       int height, const ImageView& depth, const DepthModel& model,
                       std::uint64_t* flips, std::uint32_t* memory) {
  MaskDepth out;
  Histogram histogram(memory);
  Range range;
  count_depths(reader, counts, height, flips, histogram, range, out.pixels);
  const std::int64_t low = std::max<std::int64_t>(range.low, model.nearest);
  const std::int64_t high = std::min<std::int64_t>(range.high, model.farthest);
  for (std::int64_t d = low; d <= high; ++d) out.valid += histogram.at(d);
  if (out.valid > 0) {
    const auto [lower, upper] = at_ranks(histogram, low, (out.valid - 1) / 2, out.valid / 2);
    out.median = static_cast<double>(lower + upper) / 2;
    const auto spread = static_cast<double>(deviation(histogram, low, high, lower, out.valid));
    const auto half = static_cast<std::int64_t>(
        std::max({kBandSigmas * kMadToSigma * spread, kBandShare * out.median, 1.0}));
    const auto first = static_cast<std::uint32_t>(std::max(low, lower - half));
    const auto last = static_cast<std::uint32_t>(std::min(high, lower + half));
    out.centroid =
        point(sum_points(reader, counts, height, flips, first, last), width, height, depth, model);
  }
  histogram.clear(range);
  return out;
}

void map_side(int from, int to, std::vector<std::uint32_t>& map) {
  map.resize(static_cast<std::size_t>(from));
  for (int i = 0; i < from; ++i) {
    map[static_cast<std::size_t>(i)] =
        static_cast<std::uint32_t>((2 * std::int64_t{i} + 1) * to / (2 * std::int64_t{from}));
  }
}

}  // namespace

void DepthMeter::lay_out(int width, int height, const ImageView& depth) {
  if (histogram_ == nullptr) histogram_ = std::make_unique<std::uint32_t[]>(2 * kDepths);
  const std::array<int, 4> sizes{width, height, depth.width, depth.height};
  if (sizes == sizes_) return;
  map_side(width, depth.width, column_of_);
  map_side(height, depth.height, row_of_);
  flips_.assign(static_cast<std::size_t>(height) + 1, 0);
  sizes_ = sizes;
}

MaskDepth DepthMeter::measure(std::span<const std::uint32_t> counts, int width, int height,
                              const ImageView& depth, const DepthModel& model) {
  if (kind_of(depth.format) != FrameKind::kDepth || depth.planes[0].data == nullptr) {
    throw Error("invalid_argument", std::string("Expected a depth picture, got ") +
                                        pixel_format_name(depth.format) + ".");
  }
  lay_out(width, height, depth);
  const bool swapped = depth.format == PixelFormat::kGray16BE;
  const bool same = width == depth.width && height == depth.height;
  const auto run = [&](const auto& reader) {
    return measure_with(reader, counts, width, height, depth, model, flips_.data(),
                        histogram_.get());
  };
  const std::uint32_t* const x = column_of_.data();
  const std::uint32_t* const y = row_of_.data();
  if (same)
    return swapped ? run(Reader<true, true>(depth, x, y)) : run(Reader<false, true>(depth, x, y));
  return swapped ? run(Reader<true, false>(depth, x, y)) : run(Reader<false, false>(depth, x, y));
}

}  // namespace samwire
