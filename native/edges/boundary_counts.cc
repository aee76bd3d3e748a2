#include "edges/boundary_counts.h"

#include <algorithm>
#include <cstddef>

#include "edges/match.h"
#include "edges/thin.h"

namespace samwire {
namespace {

std::int64_t non_zero(const std::uint8_t* map, std::size_t pixels) {
  return std::count_if(map, map + pixels, [](std::uint8_t pixel) { return pixel != 0; });
}

}  // namespace

BoundaryCounts count_boundaries(const BoundaryCountRequest& request) {
  BoundaryMatcher matcher(request.width, request.height, request.max_distance);
  const std::size_t pixels =
      static_cast<std::size_t>(request.width) * static_cast<std::size_t>(request.height);
  std::vector<std::uint8_t> found(pixels);
  std::transform(request.edges, request.edges + pixels, found.begin(),
                 [&](std::uint8_t edge) { return edge >= request.level ? 1 : 0; });
  if (request.thin) thin(found.data(), request.width, request.height);
  std::vector<std::uint8_t> matched(pixels);
  BoundaryCounts counts;
  for (const std::uint8_t* truth : request.truths) {
    counts.matched_truth += matcher.match(found.data(), truth, matched.data()).count;
    counts.truth += non_zero(truth, pixels);
  }
  counts.found = non_zero(found.data(), pixels);
  counts.matched_found = non_zero(matched.data(), pixels);
  return counts;
}

}  // namespace samwire
