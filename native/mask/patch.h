#pragma once

#include <array>
#include <span>
#include <vector>

#include "frame/frame.h"

// Where a piece of an earlier frame has gone: the brightness of an object's box, laid over a later
// frame. Unlike a mask this does not lean on the box that the model was asked for.
namespace samwire {

inline constexpr int kPatchSide = 24;
inline constexpr int kPatchCells = kPatchSide * kPatchSide;

// Row-major cells of a box.
struct Patch {
  std::array<float, kPatchCells> luma{};  // mean brightness, 0..255
  std::array<float, kPatchCells>
      weight{};  // 0..1: how much of a cell, or of one beside it, is mask
};

using PatchBox = std::array<double, 4>;  // x1, y1, x2, y2, px; may reach beyond the frame

// `counts`: canonical runs of columns of view.height pixels. Cells beyond the frame have no weight.
// Throws Error("invalid_argument") as check_view does, and for a box that is empty or not finite.
Patch sample_patch(const ImageView& view, std::span<const std::uint32_t> counts,
                   const PatchBox& box);

struct Registration {
  PatchBox box{};
  double likeness = 0;  // normalised cross-correlation over the weights, -1..1; 0: not found
};

// Moves and scales a box, about `guess` at first, until the frame shows each patch in it: inverse
// compositional Lucas-Kanade (Baker and Matthews 2004) from coarse to fine, whatever the gain and
// offset of the brightness. Each patch starts from where the one before it was found. It has to be
// within about a quarter of its side. Reads at most 2^15 pixels.
std::vector<Registration> register_patches(const ImageView& view, std::span<const Patch> patches,
                                           const PatchBox& guess);

}  // namespace samwire
