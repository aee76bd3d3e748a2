#pragma once

#include <cstdint>

namespace samwire {

// Thins a map of edge strengths to ridges: the second half of SAM's edge detection, by the edge NMS
// of Structured Edges (Dollar and Zitnick, "Fast edge detection using structured forests", 2015),
// which is Canny's with the direction taken from the map itself.
struct EdgeNms {
  // Smoothing before all else, so that a mask's boundary, two pixels wide, has one crest: a
  // triangle filter of this radius. Structured Edges smooths its map alike.
  int crest_radius = 1;
  // Smoothing before the direction across an edge is taken from second derivatives.
  int direction_radius = 4;
  // How far to both sides along that direction a pixel has to be the strongest ...
  int radius = 1;
  // ... to within this factor.
  float tolerance = 1.01F;
  // Edges fade linearly to 0 over so many pixels at the frame's border, where directions are noise.
  int border = 5;
};

// `strength`: [height, width], not negative. `out`: the same size, 255 the strongest: smoothed,
// scaled linearly to 0..1 and thinned. A map without edges is all 0. Throws
// Error("invalid_argument") for sides below 1. Holds two maps of floats beside it.
void finish_edge_map(const float* strength, int width, int height, std::uint8_t* out,
                     const EdgeNms& options = {});

}  // namespace samwire
