#include "mask/runs.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "frame/error.h"
#include "mask/rle.h"

namespace samwire {
namespace {

// One run after the other; `next` is how many pixels the present one still has.
class RunReader {
 public:
  explicit RunReader(std::span<const std::uint32_t> counts) : counts_(counts) { settle(); }
  std::uint32_t next() const { return rest_; }
  bool inside() const { return inside_; }
  void take(std::uint32_t pixels) {
    rest_ -= pixels;
    settle();
  }

 private:
  void settle() {
    while (rest_ == 0 && at_ < counts_.size()) {
      rest_ = counts_[at_];
      inside_ = (at_ & 1) != 0;
      ++at_;
    }
  }

  std::span<const std::uint32_t> counts_;
  std::size_t at_ = 0;
  std::uint32_t rest_ = 0;
  bool inside_ = false;
};

template <typename Keep>
Runs combine(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b, Keep keep) {
  Runs out{0};
  RunReader left(a);
  RunReader right(b);
  bool inside = false;
  while (left.next() > 0 && right.next() > 0) {
    const std::uint32_t step = std::min(left.next(), right.next());
    if (keep(left.inside(), right.inside()) != inside) {
      out.push_back(0);
      inside = !inside;
    }
    out.back() += step;
    left.take(step);
    right.take(step);
  }
  return out;
}

// Visits the parts of the mask's column runs that lie in the box: visit(x, y0, y1).
template <typename Visit>
void for_each_in_box(std::span<const std::uint32_t> counts, int height, const PixelBox& box,
                     Visit visit) {
  for_each_column_run(counts, height, [&](int x, int y0, int y1) {
    if (x < box.x1 || x >= box.x2) return;
    const int from = std::max(y0, box.y1);
    const int to = std::min(y1, box.y2);
    if (from < to) visit(x, from, to);
  });
}

}  // namespace

Runs empty_runs(int width, int height) {
  const std::int64_t pixels = static_cast<std::int64_t>(width) * height;
  if (width < 1 || height < 1 || width > kMaxMaskSide || height > kMaxMaskSide ||
      pixels > std::numeric_limits<std::int32_t>::max()) {
    throw Error("invalid_argument", "Expected a mask of at least one pixel and at most 2^31 - 1");
  }
  return {static_cast<std::uint32_t>(pixels)};
}

Runs unite_runs(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  return combine(a, b, [](bool in_a, bool in_b) { return in_a || in_b; });
}

Runs subtract_runs(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  return combine(a, b, [](bool in_a, bool in_b) { return in_a && !in_b; });
}

Runs crop_runs(std::span<const std::uint32_t> counts, int width, int height, const PixelBox& box) {
  Runs out{0};
  std::uint32_t position = 0;
  for_each_in_box(counts, height, box, [&](int x, int y0, int y1) {
    const std::uint32_t from =
        static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(height) + y0;
    const auto length = static_cast<std::uint32_t>(y1 - y0);
    if (from == position && out.size() % 2 == 0) {
      out.back() += length;
    } else {
      if (out.size() % 2 == 0) out.push_back(0);
      out.back() += from - position;
      out.push_back(length);
    }
    position = from + length;
  });
  const std::uint32_t pixels =
      static_cast<std::uint32_t>(width) * static_cast<std::uint32_t>(height);
  if (position < pixels) {
    if (out.size() % 2 == 0) out.push_back(0);
    out.back() += pixels - position;
  }
  return out;
}

std::int64_t area_in_box(std::span<const std::uint32_t> counts, int height, const PixelBox& box) {
  std::int64_t area = 0;
  for_each_in_box(counts, height, box, [&](int, int y0, int y1) { area += y1 - y0; });
  return area;
}

}  // namespace samwire
