#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "frame/frame.h"

// What colours an object has and where a frame shows them: the looks of a track. Colours are bins
// of Y, Cb and Cr as the camera gives them; RGB becomes YCbCr (BT.601, full range), grey has no
// chroma. Frames of one camera have one format, so that their bins can be compared.
namespace samwire {

inline constexpr int kLumaBins = 8;
inline constexpr int kChromaBins = 9;
inline constexpr int kColourBins = kLumaBins * kChromaBins * kChromaBins;

using ColourHistogram = std::array<float, kColourBins>;

// The bin of one pixel, 0 <= x < width, 0 <= y < height.
class ColourReader {
 public:
  // `view` must outlive the reader. Throws Error("invalid_argument") as check_view does.
  explicit ColourReader(const ImageView& view);
  int bin(int x, int y) const;

 private:
  const ImageView& view_;
};

struct MaskColours {
  ColourHistogram inside{};  // sums to 1; all 0 for an empty mask
  ColourHistogram around{};  // of the mask's box, grown by half its sides, without the mask
};

// Histograms of at most about `kColourSamples` pixels on a regular grid, each smoothed over
// neighbouring bins, so that a little more light does not make another colour of it.
// `counts`: canonical runs of columns of view.height pixels.
inline constexpr int kColourSamples = 2048;
MaskColours mask_colours(const ImageView& view, std::span<const std::uint32_t> counts);

// A place where a window holds more of what is looked for than its surroundings.
struct ColourPeak {
  double x = 0, y = 0;  // the window's middle
  double score = 0;     // mean chance within the window less that of a ring round it, -1..1
  // Of the window's pixels that are likelier the object's than not: the box of all but the
  // outermost of them (x1, y1, x2, y2), and a pixel in their thick. Both are the window's where
  // there are none.
  std::array<double, 4> seen{};
  double inside_x = 0, inside_y = 0;
};

struct ColourSearch {
  std::array<double, 4> area{};  // x1, y1, x2, y2: where the window's middle may lie
  double width = 0, height = 0;  // of the window, px
  double expected_x = 0, expected_y = 0;
  double sigma = 0;  // px: scores fall off with the distance from there; 0: they do not
  int peaks = 1;
};

// The best places by score times exp(-d²/2σ²), the best first, no two within half a window of each
// other. `chances`: how likely each bin is the object's and not its surroundings', 0..1. Beyond the
// frame the chance is 0. Looks at no more than 2^14 pixels.
std::vector<ColourPeak> find_colours(const ImageView& view,
                                     std::span<const float, kColourBins> chances,
                                     const ColourSearch& search);

}  // namespace samwire
