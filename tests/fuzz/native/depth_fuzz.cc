#include <cmath>

#include "depth/measure.h"
#include "edges/boundary_counts.h"
#include "edges/edge_map.h"
#include "edges/match.h"
#include "edges/thin.h"
#include "picture.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

// Masks measured on depth pictures of other sizes.
FUZZ_TARGET(depth) {
  const auto format = static_cast<PixelFormat>(in.range(0, 9));
  const int width = in.range(1, 70);
  const int height = in.range(1, 40);
  DepthModel model;
  model.fx = in.mostly_small(600);
  model.fy = in.mostly_small(600);
  model.cx = in.mostly_small(40);
  model.cy = in.mostly_small(40);
  model.scale = in.mostly_small(0.1);
  model.nearest = in.raw<std::uint16_t>();
  model.farthest = in.flag() ? 65535 : in.raw<std::uint16_t>();
  const int mask_width = in.range(1, 70);
  const int mask_height = in.range(1, 40);
  const fuzz::Picture picture = fuzz::picture_from(in, format, width, height);
  const auto counts = fuzz::runs_from(in, mask_width, mask_height);
  DepthMeter meter;
  MaskDepth depth;
  if (!accepted(
          [&] { depth = meter.measure(counts, mask_width, mask_height, picture.view, model); })) {
    return;
  }
  hold(depth.valid <= depth.pixels, "what is measured is a part of the mask");
  hold(depth.median >= 0 && depth.median <= 65535, "a median is a number of the picture");
}

// Edge maps: made thin, matched, counted.
FUZZ_TARGET(edges) {
  const int width = in.range(1, 24);
  const int height = in.range(1, 24);
  const double max_distance = in.mostly_small(12);
  const int level = in.range(0, 255);
  const bool thinned = in.flag();
  const auto truth = fuzz::bitmap_from(in, width, height);
  std::vector<float> strength(truth.size());
  for (float& value : strength) value = in.byte() / 64.0F;
  std::vector<std::uint8_t> edges(truth.size());
  finish_edge_map(strength.data(), width, height, edges.data());
  std::vector<std::uint8_t> thinner = truth;
  thin(thinner.data(), width, height);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    hold(thinner[i] <= truth[i], "thinning only takes pixels away");
  }
  BoundaryCounts counts;
  if (!accepted([&] {
        counts = count_boundaries({width,
                                   height,
                                   edges.data(),
                                   level,
                                   {truth.data(), thinner.data()},
                                   max_distance,
                                   thinned});
      })) {
    return;
  }
  hold(counts.matched_truth <= counts.truth && counts.matched_found <= counts.found,
       "no more is matched than there is");
}
