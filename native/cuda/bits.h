#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace samwire::cuda {

// A mask as the device packs it: column-major, each column in whole 32-bit words, bit 0 the topmost
// pixel.
struct BitMask {
  const std::uint32_t* words = nullptr;
  int column_stride = 0;  // words from one column to the next
  int width = 0, height = 0;
};

// Column-major runs as MaskResult has them, written over `counts`. `box` (x1, y1, exclusive x2, y2)
// holds every pixel inside, all 0 where there is none; words outside of it are not read.
void runs_of_bits(const BitMask& mask, const std::array<int, 4>& box,
                  std::vector<std::uint32_t>& counts);

}  // namespace samwire::cuda
