#include "mask/labels.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "mask/rle.h"

namespace samwire {
namespace {

constexpr int kBlock = 32;  // a block's rows and columns stay in the first-level cache

// Column-major to row-major.
template <typename Label>
void transpose(const Label* columns, int width, int height, Label* rows) {
  const auto w = static_cast<std::size_t>(width);
  const auto h = static_cast<std::size_t>(height);
  for (std::size_t y0 = 0; y0 < h; y0 += kBlock) {
    const std::size_t y1 = std::min(y0 + kBlock, h);
    for (std::size_t x0 = 0; x0 < w; x0 += kBlock) {
      const std::size_t x1 = std::min(x0 + kBlock, w);
      for (std::size_t y = y0; y < y1; ++y) {
        for (std::size_t x = x0; x < x1; ++x) rows[y * w + x] = columns[x * h + y];
      }
    }
  }
}

// Runs are column-major, so they are filled as such: each is one stretch of memory.
template <typename Label>
void paint(std::span<const LabelLayer> layers, int width, int height, Label* out) {
  std::vector<Label> columns(mask_pixel_count(width, height));
  for (const LabelLayer& layer : layers) {
    Label* at = columns.data();
    bool inside = false;
    for (const std::uint32_t count : rle_decompress(layer.counts, width, height)) {
      if (inside) std::fill_n(at, count, static_cast<Label>(layer.label));
      at += count;
      inside = !inside;
    }
  }
  transpose(columns.data(), width, height, out);
}

}  // namespace

void paint_labels(std::span<const LabelLayer> layers, int width, int height, std::uint8_t* out) {
  paint(layers, width, height, out);
}

void paint_labels(std::span<const LabelLayer> layers, int width, int height, std::uint16_t* out) {
  paint(layers, width, height, out);
}

}  // namespace samwire
