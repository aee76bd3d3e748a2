#include "mask/regions.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

#include "mask/rle.h"
#include "mask/run_collector.h"

namespace samwire {
namespace {

// A stretch of one column, y1 exclusive.
struct Stretch {
  int x, y0, y1;
};

// The same mask with inside and outside exchanged.
std::vector<std::uint32_t> inverted(std::span<const std::uint32_t> counts) {
  if (!counts.empty() && counts.front() == 0) return {counts.begin() + 1, counts.end()};
  std::vector<std::uint32_t> out{0};
  out.insert(out.end(), counts.begin(), counts.end());
  return out;
}

// The connected regions of a mask's inside, over 8 neighbours.
class Regions {
 public:
  Regions(std::span<const std::uint32_t> counts, int height) {
    for_each_column_run(counts, height, [&](int x, int y0, int y1) {
      stretches_.push_back({x, y0, y1});
    });
    parents_.resize(stretches_.size());
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
    join_columns();
    measure();
  }

  const std::vector<Stretch>& stretches() const { return stretches_; }
  std::size_t region_of(std::size_t stretch) const { return parents_[stretch]; }
  std::int64_t area(std::size_t region) const { return areas_[region]; }
  // A region is named by one of its stretches.
  bool is_region(std::size_t stretch) const { return parents_[stretch] == stretch; }
  std::int64_t first_block(std::size_t region) const { return first_blocks_[region]; }

 private:
  std::size_t root(std::size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }

  void join(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

  // Stretches of neighbouring columns touch, also at a corner, where neither ends before the other
  // begins.
  void join_columns() {
    std::size_t before = 0;  // first stretch of the column before that may touch the current one
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
      const Stretch& now = stretches_[i];
      while (before < i &&
             (stretches_[before].x < now.x - 1 ||
              (stretches_[before].x == now.x - 1 && stretches_[before].y1 < now.y0))) {
        ++before;
      }
      for (std::size_t j = before;
           j < i && stretches_[j].x == now.x - 1 && stretches_[j].y0 <= now.y1; ++j) {
        join(i, j);
      }
    }
  }

  void measure() {
    areas_.assign(stretches_.size(), 0);
    first_blocks_.assign(stretches_.size(), std::numeric_limits<std::int64_t>::max());
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
      const std::size_t region = parents_[i] = root(i);
      const Stretch& stretch = stretches_[i];
      areas_[region] += stretch.y1 - stretch.y0;
      const std::int64_t block = (static_cast<std::int64_t>(stretch.y0 / 2) << 32) + stretch.x / 2;
      first_blocks_[region] = std::min(first_blocks_[region], block);
    }
  }

  std::vector<Stretch> stretches_;
  std::vector<std::size_t> parents_;
  std::vector<std::int64_t> areas_;
  std::vector<std::int64_t> first_blocks_;  // row in the upper half, column in the lower
};

// Whether some region is smaller than `min_area`.
bool has_small(const Regions& regions, std::int64_t min_area) {
  for (std::size_t i = 0; i < regions.stretches().size(); ++i) {
    if (regions.is_region(i) && regions.area(i) < min_area) return true;
  }
  return false;
}

template <typename Keep>
std::vector<std::uint32_t> runs_of(const Regions& regions, int width, int height, Keep keep) {
  RunCollector runs;
  for (std::size_t i = 0; i < regions.stretches().size(); ++i) {
    if (!keep(regions.region_of(i))) continue;
    const Stretch& stretch = regions.stretches()[i];
    const std::uint64_t column = static_cast<std::uint64_t>(stretch.x) * height;
    runs.add(column + stretch.y0, column + stretch.y1);
  }
  return runs.finish(static_cast<std::uint64_t>(width) * height);
}

std::vector<std::uint32_t> fill_holes(const Regions& holes, int width, int height,
                                      std::int64_t min_area) {
  return inverted(runs_of(holes, width, height,
                          [&](std::size_t hole) { return holes.area(hole) >= min_area; }));
}

std::vector<std::uint32_t> remove_islands(const Regions& islands, int width, int height,
                                          std::int64_t min_area) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < islands.stretches().size(); ++i) {
    if (!islands.is_region(i)) continue;
    const std::int64_t more = islands.area(i) - islands.area(largest);
    if (more > 0 || (more == 0 && islands.first_block(i) < islands.first_block(largest))) {
      largest = i;
    }
  }
  if (islands.area(largest) < min_area) {
    return runs_of(islands, width, height, [&](std::size_t island) { return island == largest; });
  }
  return runs_of(islands, width, height,
                 [&](std::size_t island) { return islands.area(island) >= min_area; });
}

}  // namespace

Cleaned remove_small_regions(std::span<const std::uint32_t> counts, int width, int height,
                             std::int64_t min_area) {
  Cleaned cleaned{{counts.begin(), counts.end()}, false};
  const Regions holes(inverted(counts), height);
  if (has_small(holes, min_area)) {
    cleaned.counts = fill_holes(holes, width, height, min_area);
    cleaned.changed = true;
  }
  const Regions islands(cleaned.counts, height);
  if (has_small(islands, min_area)) {
    cleaned.counts = remove_islands(islands, width, height, min_area);
    cleaned.changed = true;
  }
  return cleaned;
}

}  // namespace samwire
