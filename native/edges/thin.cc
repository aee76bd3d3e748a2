#include "edges/thin.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace samwire {
namespace {

// By neighbourhood: bit i is the paper's x(i + 1), from east counter-clockwise. Bit 0 of an entry:
// the first pass deletes, bit 1: the second does.
constexpr std::array<std::uint8_t, 256> kDeletes = [] {
  std::array<std::uint8_t, 256> table{};
  for (int n = 0; n < 256; ++n) {
    const auto x = [n](int i) { return (n >> ((i - 1) % 8) & 1) != 0; };
    int crossings = 0;  // X_H
    int first = 0;      // n1
    int second = 0;     // n2
    for (int k = 1; k <= 4; ++k) {
      if (!x(2 * k - 1) && (x(2 * k) || x(2 * k + 1))) ++crossings;
      if (x(2 * k - 1) || x(2 * k)) ++first;
      if (x(2 * k) || x(2 * k + 1)) ++second;
    }
    const int fewer = std::min(first, second);
    if (crossings != 1 || fewer < 2 || fewer > 3) continue;
    const bool east = (x(2) || x(3) || !x(8)) && x(1);
    const bool west = (x(6) || x(7) || !x(4)) && x(5);
    table[n] = static_cast<std::uint8_t>((east ? 0 : 1) | (west ? 0 : 2));
  }
  return table;
}();

}  // namespace

void thin(std::uint8_t* map, int width, int height) {
  // A border of background spares every neighbour its range check.
  const int stride = width + 2;
  std::vector<std::uint8_t> cells(static_cast<std::size_t>(stride) * (height + 2));
  std::vector<std::size_t> alive;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (map[static_cast<std::size_t>(y) * width + x] == 0) continue;
      const std::size_t at = static_cast<std::size_t>(y + 1) * stride + x + 1;
      cells[at] = 1;
      alive.push_back(at);
    }
  }
  const std::array<std::ptrdiff_t, 8> neighbours{1,  1 - stride, -stride, -1 - stride,
                                                 -1, stride - 1, stride,  stride + 1};
  std::vector<std::size_t> deleted;
  for (bool changed = true; changed;) {
    changed = false;
    for (const int pass : {1, 2}) {
      deleted.clear();
      for (const std::size_t at : alive) {
        int code = 0;
        for (int i = 0; i < 8; ++i) code |= cells[at + neighbours[i]] << i;
        if ((kDeletes[code] & pass) != 0) deleted.push_back(at);
      }
      if (deleted.empty()) continue;
      changed = true;
      for (const std::size_t at : deleted) cells[at] = 0;
      std::erase_if(alive, [&](std::size_t at) { return cells[at] == 0; });
    }
  }
  for (int y = 0; y < height; ++y) {
    std::copy_n(cells.data() + static_cast<std::size_t>(y + 1) * stride + 1, width,
                map + static_cast<std::size_t>(y) * width);
  }
}

}  // namespace samwire
