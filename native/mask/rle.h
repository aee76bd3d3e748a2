#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mask/mask.h"

namespace samwire {

// COCO run-length encoding: column-major runs, background first (0 when pixel 0 is inside), that
// sum to w x h. The compressed form is the text of pycocotools' rleToString: 5 bits a character
// from '0' on, and from the fourth run on the difference to the run before last.

// Pixels of a mask. Throws Error("invalid_argument") for sides outside of 1..kMaxMaskSide or over
// 2^31 - 1 pixels.
std::uint32_t mask_pixel_count(int width, int height);

std::string rle_compress(std::span<const std::uint32_t> counts);

// Canonical runs (no zero but the first). Zero-length runs in `text` are merged. Throws
// Error("invalid_message") saying what was expected, where and what came, for characters outside of
// '0'..'o', a number that ends in the middle or has over 35 bits, a negative run, and runs that
// don't sum to w x h; Error("invalid_argument") as mask_pixel_count. Work and memory are bounded by
// the text's length.
std::vector<std::uint32_t> rle_decompress(std::string_view text, int width, int height);

// Area and box of canonical runs; stability 1 (a mask without logits moves with no threshold), 0
// when empty.
MaskResult rle_measure(std::vector<std::uint32_t> counts, int height);

// `bitmap`: row-major, width x height bytes, 0 or 1. `counts` sum to width x height.
void rle_to_bitmap(std::span<const std::uint32_t> counts, int width, int height,
                   std::uint8_t* bitmap);

// `bitmap`: row-major, width x height bytes, non-zero inside. Stability as rle_measure.
MaskResult bitmap_to_rle(const std::uint8_t* bitmap, int width, int height);

// Visits the inside runs, column by column and cut at column borders: visit(x, y0, y1), y1
// exclusive.
template <typename Visit>
void for_each_column_run(std::span<const std::uint32_t> counts, int height, Visit visit) {
  const auto h = static_cast<std::uint32_t>(height);
  std::uint32_t x = 0;
  std::uint32_t y = 0;  // the position, as a column and a row of 0..height
  bool inside = false;
  for (const std::uint32_t count : counts) {
    std::uint32_t rest = count;
    if (inside) {
      while (rest > 0) {
        if (y == h) {
          ++x;
          y = 0;
        }
        const std::uint32_t rows = rest < h - y ? rest : h - y;
        visit(static_cast<int>(x), static_cast<int>(y), static_cast<int>(y + rows));
        y += rows;
        rest -= rows;
      }
    } else if (rest <= h - y) {
      y += rest;
    } else {
      rest -= h - y;
      x += 1 + (rest - 1) / h;
      y = 1 + (rest - 1) % h;
    }
    inside = !inside;
  }
}

}  // namespace samwire
