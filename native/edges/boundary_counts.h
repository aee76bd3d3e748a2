#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace samwire {

// What the BSDS benchmark counts of one picture at one threshold (evaluation_bdry_image): recall is
// matched_truth / truth, summed over all annotators; precision is matched_found / found, where a
// found pixel counts as matched when any annotator's boundary matches it.
struct BoundaryCounts {
  std::int64_t matched_truth = 0;
  std::int64_t truth = 0;
  std::int64_t matched_found = 0;
  std::int64_t found = 0;
};

struct BoundaryCountRequest {
  int width = 0;
  int height = 0;
  const std::uint8_t* edges = nullptr;  // [height, width]
  int level = 1;                        // boundaries are where edges >= level
  std::vector<const std::uint8_t*>
      truths;               // one an annotator, [height, width], non-zero on boundaries
  double max_distance = 0;  // pixels
  bool thin = true;
};

// Throws as BoundaryMatcher.
BoundaryCounts count_boundaries(const BoundaryCountRequest& request);

}  // namespace samwire
