#include <algorithm>
#include <cstddef>
#include <utility>

#include "mask/polygon.h"

namespace samwire {
namespace {

constexpr int kMaxDepth = 32;

// Douglas, Peucker: Algorithms for the reduction of the number of points required to represent a
// digitized line or its caricature, 1973; on a ring, split at two corners that always stay.
class RingSimplifier {
 public:
  RingSimplifier(std::span<const std::int32_t> ring, double tolerance_px)
      : ring_(ring),
        corners_(ring.size() / 2),
        limit_(tolerance_px * tolerance_px),
        kept_(corners_ + 1) {}

  std::vector<std::int32_t> run(bool keep_area) {
    const std::size_t far = farthest_corner();
    kept_[0] = kept_[far] = true;
    std::size_t left = simplify(0, far) + simplify(far, corners_);
    if (left == 0 && keep_area) {
      for (const auto& [from, to] : {Range{0, far}, Range{far, corners_}}) {
        const Split split = farthest(from, to);
        if (split.distance > 0) kept_[split.at] = true;
      }
    }
    std::vector<std::int32_t> out;
    for (std::size_t i = 0; i < corners_; ++i) {
      if (kept_[i]) out.insert(out.end(), {ring_[2 * i], ring_[2 * i + 1]});
    }
    return out;
  }

 private:
  struct Range {
    std::size_t from;
    std::size_t to;  // corners_ stands for corner 0
  };
  struct Split {
    std::size_t at;
    double distance;  // squared
  };

  double x(std::size_t i) const { return ring_[2 * (i == corners_ ? 0 : i)]; }
  double y(std::size_t i) const { return ring_[2 * (i == corners_ ? 0 : i) + 1]; }

  std::size_t farthest_corner() const {
    std::size_t best = 0;
    double best_distance = -1;
    for (std::size_t i = 0; i < corners_; ++i) {
      const double dx = x(i) - x(0);
      const double dy = y(i) - y(0);
      if (dx * dx + dy * dy <= best_distance) continue;
      best_distance = dx * dx + dy * dy;
      best = i;
    }
    return best;
  }

  // The corner between the two that is farthest from the segment between them.
  Split farthest(std::size_t from, std::size_t to) const {
    const double dx = x(to) - x(from);
    const double dy = y(to) - y(from);
    const double length = dx * dx + dy * dy;
    Split best{from, 0};
    for (std::size_t i = from + 1; i < to; ++i) {
      const double px = x(i) - x(from);
      const double py = y(i) - y(from);
      const double along = length > 0 ? std::clamp((px * dx + py * dy) / length, 0.0, 1.0) : 0.0;
      const double ex = px - along * dx;
      const double ey = py - along * dy;
      if (ex * ex + ey * ey > best.distance) best = {i, ex * ex + ey * ey};
    }
    return best;
  }

  // Returns how many corners between the two stay.
  std::size_t simplify(std::size_t from, std::size_t to) {
    struct Part {
      Range range;
      int depth;
    };
    std::size_t left = 0;
    std::vector<Part> parts{{{from, to}, 0}};
    while (!parts.empty()) {
      const Part part = parts.back();
      parts.pop_back();
      const auto [begin, end] = part.range;
      Split split = farthest(begin, end);
      if (split.distance <= limit_) continue;
      if (part.depth >= kMaxDepth) split.at = begin + (end - begin) / 2;
      kept_[split.at] = true;
      ++left;
      parts.push_back({{begin, split.at}, part.depth + 1});
      parts.push_back({{split.at, end}, part.depth + 1});
    }
    return left;
  }

  std::span<const std::int32_t> ring_;
  std::size_t corners_;
  double limit_;
  std::vector<bool> kept_;
};

}  // namespace

std::vector<std::int32_t> simplify_ring(std::span<const std::int32_t> ring, double tolerance_px,
                                        bool keep_area) {
  return RingSimplifier(ring, tolerance_px).run(keep_area);
}

}  // namespace samwire
