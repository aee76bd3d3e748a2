#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "frame/frame.h"

namespace samwire {

// How numbers of a depth picture become metres and points. The pinhole model is of the depth
// picture's own size, with whole coordinates at pixel centres, as ROS' and OpenCV's camera matrices
// have it.
struct DepthModel {
  double fx = 1;
  double fy = 1;
  double cx = 0;
  double cy = 0;
  double scale = 0.001;  // metres per unit
  // Units that are a distance, both ends included. 0 is no depth with every camera; 65535 is what
  // one that is too far is cut to.
  std::uint16_t nearest = 1;
  std::uint16_t farthest = 65534;
};

struct MaskDepth {
  std::uint64_t pixels = 0;  // of the mask
  std::uint64_t valid = 0;   // of those, with a depth; the rest is 0 where there is none
  double median = 0;         // of the valid ones, units; the mean of the middle two
  // Metres, in the camera's optical frame: x right, y down, z forward.
  std::array<double, 3> centroid{};
};

// Depth over masks. Owns its memory (0.5 MB), so that a call allocates nothing once it has seen a
// size. One instance a thread.
//
// A mask's pixel has the depth of the depth picture's pixel that its centre lies in: both pictures
// show the same field of view, in sizes of their own.
//
// The centroid is the mean of the 3-D points whose depth is within max(3 * 1.4826 * MAD, 2% of the
// median, 1 unit) of the median, MAD being the median absolute deviation: a mask's border, and a
// stereo camera's "flying pixels" at it, reach over to the background, metres away, and a plain
// mean would lie in the air between. What is one slanted surface is within the band as a whole (of
// depths spread evenly over +-r, 3 * 1.4826 * MAD is 2.2 r).
class DepthMeter {
 public:
  // `counts`: canonical runs (mask/rle.h) of a width x height mask. Throws
  // Error("invalid_argument") for a `depth` that is no depth picture.
  MaskDepth measure(std::span<const std::uint32_t> counts, int width, int height,
                    const ImageView& depth, const DepthModel& model);

 private:
  void lay_out(int width, int height, const ImageView& depth);

  // Mask column and row -> those of the depth picture, for the sizes of the last call.
  std::array<int, 4> sizes_{};
  std::vector<std::uint32_t> column_of_;
  std::vector<std::uint32_t> row_of_;
  // By row: the columns, of 64, whose inside begins or ends there.
  std::vector<std::uint64_t> flips_;
  // Two counts for each depth, since neighbours that are alike would wait for each other.
  std::unique_ptr<std::uint32_t[]> histogram_;
};

}  // namespace samwire
