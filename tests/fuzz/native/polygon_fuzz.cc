#include <algorithm>
#include <cmath>

#include "fuzz.h"
#include "mask/polygon.h"
#include "mask/polygon_fill.h"
#include "mask/rle_iou.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

namespace {

// Toggles the pixels to the right of each vertical edge: the even-odd rule for rings on pixel
// edges.
void toggle(const std::vector<std::int32_t>& ring, int width, std::vector<std::uint8_t>& bitmap) {
  for (std::size_t i = 0; i < ring.size(); i += 2) {
    const std::size_t j = (i + 2) % ring.size();
    hold(ring[i] == ring[j] || ring[i + 1] == ring[j + 1], "an exact ring runs along pixel edges");
    if (ring[i] != ring[j]) continue;
    const int from = std::min(ring[i + 1], ring[j + 1]);
    const int to = std::max(ring[i + 1], ring[j + 1]);
    for (int y = from; y < to; ++y) {
      for (int x = ring[i]; x < width; ++x) bitmap[static_cast<std::size_t>(y) * width + x] ^= 1;
    }
  }
}

void check_outline(fuzz::Input& in) {
  const int width = in.range(1, 40);
  const int height = in.range(1, 40);
  const double tolerance = in.mostly_small(8);
  const auto bitmap = fuzz::bitmap_from(in, width, height);
  const auto counts = bitmap_to_rle(bitmap.data(), width, height).counts;
  std::vector<std::uint8_t> filled(bitmap.size());
  for (const Polygon& polygon : rle_to_polygons(counts, width, height, 0)) {
    hold(polygon.outer.size() >= 8, "an exact outer ring has four corners");
    toggle(polygon.outer, width, filled);
    for (const auto& hole : polygon.holes) toggle(hole, width, filled);
  }
  hold(filled == bitmap, "filling the exact rings gives the mask back");
  std::vector<Polygon> simple;
  if (!accepted([&] { simple = rle_to_polygons(counts, width, height, tolerance); })) return;
  std::vector<std::vector<double>> rings;
  for (const Polygon& polygon : simple) {
    hold(polygon.outer.size() >= 6 && polygon.outer.size() % 2 == 0, "three corners or more");
    rings.emplace_back(polygon.outer.begin(), polygon.outer.end());
    for (std::size_t i = 0; i < polygon.outer.size(); i += 2) {
      hold(polygon.outer[i] >= 0 && polygon.outer[i] <= width && polygon.outer[i + 1] >= 0 &&
               polygon.outer[i + 1] <= height,
           "corners lie on the picture");
    }
  }
  hold(rings.empty() == (rle_measure(counts, height).area == 0), "a mask with pixels has a ring");
  fill_polygons(rings, width, height);
}

void check_fill(fuzz::Input& in) {
  const int width = in.mostly(1, 64);
  const int height = in.mostly(1, 64);
  std::vector<std::vector<double>> rings(in.range(0, 3));
  for (auto& ring : rings) {
    ring.resize(in.range(0, 24));
    const bool far = in.byte() == 255;
    for (double& value : ring)
      value = far ? in.mostly_small(1e6) : 100.0 * in.raw<std::int16_t>() / 32768;
  }
  MaskResult mask;
  if (!accepted([&] { mask = fill_polygons(rings, width, height); })) return;
  std::uint64_t sum = 0;
  for (const std::uint32_t count : mask.counts) sum += count;
  hold(sum == static_cast<std::uint64_t>(width) * height, "runs sum to the picture");
  hold(mask.area >= 0 && mask.area <= static_cast<std::int64_t>(sum), "the area is a part of it");
}

}  // namespace

// Masks to polygons, and COCO's polygons to masks.
FUZZ_TARGET(polygon) {
  if (in.flag()) {
    check_outline(in);
  } else {
    check_fill(in);
  }
}
