#include "mask/rle.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <limits>

#include "frame/error.h"

namespace samwire {
namespace {

constexpr int kMaxDigits = 7;  // 35 bits: any difference of two 32-bit runs

[[noreturn]] void fail(const std::string& expected, std::size_t at, const std::string& got) {
  throw Error("invalid_message",
              "Expected " + expected + " at character " + std::to_string(at) + "; got " + got);
}

std::string shown(char c) {
  if (c > ' ' && c < 127) return std::string("'") + c + "'";
  char hex[8];
  std::snprintf(hex, sizeof hex, "0x%02x", static_cast<unsigned char>(c));
  return hex;
}

// One number of `text` from `at` on; moves `at` behind it.
std::int64_t read_number(std::string_view text, std::size_t& at) {
  std::int64_t value = 0;
  for (int digit = 0;; ++digit, ++at) {
    if (at >= text.size()) fail("the rest of a number", at, "the end of the RLE");
    const int bits = static_cast<unsigned char>(text[at]) - '0';
    if (bits < 0 || bits > 63) fail("an RLE character from '0' to 'o'", at, shown(text[at]));
    if (digit == kMaxDigits) fail("a run of at most 7 characters", at, "an eighth");
    value |= static_cast<std::int64_t>(bits & 31) << (5 * digit);
    if ((bits & 32) != 0) continue;
    if ((bits & 16) != 0) value -= std::int64_t{1} << (5 * (digit + 1));
    ++at;
    return value;
  }
}

// Writes one number of at most kMaxDigits characters to `to`; returns how many. Most have one or
// two.
int write_number(std::int64_t value, char* to) {
  if (value >= -512 && value < 512) {
    const int more = value < -16 || value >= 16 ? 1 : 0;
    to[0] = static_cast<char>('0' + ((value & 31) | more << 5));
    to[1] = static_cast<char>('0' + (value >> 5 & 31));
    return 1 + more;
  }
  for (int digits = 1;; ++digits) {
    const auto bits = static_cast<int>(value & 31);
    value >>= 5;
    const bool more = (bits & 16) != 0 ? value != -1 : value != 0;
    *to++ = static_cast<char>('0' + (more ? bits | 32 : bits));
    if (!more) return digits;
  }
}

// Zero-length runs away, their neighbours merged; only the first run may stay 0.
void canonicalise(std::vector<std::uint32_t>& counts) {
  std::size_t kept = 0;
  bool kept_inside = true;  // of the last one kept; the first run is background
  bool inside = false;
  for (const std::uint32_t count : counts) {
    if (count > 0 || kept == 0) {
      if (inside == kept_inside) {
        counts[kept - 1] += count;
      } else {
        counts[kept++] = count;
        kept_inside = inside;
      }
    }
    inside = !inside;
  }
  counts.resize(kept);
}

// 8 x 8 bits: row r in byte r, column c at bit c -> the transpose. Hacker's Delight, 7-3.
std::uint64_t transpose_bits(std::uint64_t x) {
  std::uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAULL;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCULL;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0ULL;
  return x ^ t ^ (t << 28);
}

// Bit i of the result: byte i of x is not 0.
std::uint64_t nonzero_bytes(std::uint64_t x) {
  constexpr std::uint64_t kLow7 = 0x7F7F7F7F7F7F7F7FULL;
  const std::uint64_t top = ((x & kLow7) + kLow7) | x;  // bit 7 of each byte
  return (top >> 7 & 0x0101010101010101ULL) * 0x0102040810204080ULL >> 56;
}

constexpr std::array<std::uint64_t, 256> kBitBytes = [] {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t bits = 0; bits < 256; ++bits) {
    for (int i = 0; i < 8; ++i) table[bits] |= (bits >> i & 1) << (8 * i);
  }
  return table;
}();

// A strip of up to kStrip mask columns as bits, one row a bit: small enough for the first-level
// cache, wide enough for whole cache lines of the row-major bitmap.
constexpr int kStrip = 64;

struct BitStrip {
  explicit BitStrip(int height) : words((height + 63) / 64), bits(words * kStrip) {}

  std::uint64_t* column(int c) { return bits.data() + words * static_cast<std::size_t>(c); }
  std::uint8_t* bytes(int c) { return reinterpret_cast<std::uint8_t*>(column(c)); }

  void set(int c, int y0, int y1) {
    std::uint64_t* word = column(c);
    const int first = y0 >> 6;
    const int last = (y1 - 1) >> 6;
    const std::uint64_t head = ~0ULL << (y0 & 63);
    const std::uint64_t tail = ~0ULL >> (63 - ((y1 - 1) & 63));
    if (first == last) {
      word[first] |= head & tail;
      return;
    }
    word[first] |= head;
    for (int i = first + 1; i < last; ++i) word[i] = ~0ULL;
    word[last] |= tail;
  }

  std::size_t words;
  std::vector<std::uint64_t> bits;
};

// Columns [x0, x0 + 8) of the bitmap from their bits; fewer where the bitmap ends.
void paint_columns(BitStrip& strip, int strip_x, int x0, int width, int height,
                   std::uint8_t* bitmap) {
  const int columns = std::min(8, width - x0);
  for (int y = 0; y < height; y += 8) {
    std::uint64_t block = 0;
    for (int c = 0; c < columns; ++c) {
      block |= static_cast<std::uint64_t>(strip.bytes(x0 - strip_x + c)[y >> 3]) << (8 * c);
    }
    block = transpose_bits(block);
    std::uint8_t* row = bitmap + static_cast<std::size_t>(y) * width + x0;
    const int rows = std::min(8, height - y);
    for (int r = 0; r < rows; ++r, row += width) {
      const std::uint64_t bytes = kBitBytes[block >> (8 * r) & 0xFF];
      if (columns == 8) {
        std::memcpy(row, &bytes, 8);
      } else {
        std::memcpy(row, &bytes, columns);
      }
    }
  }
}

void paint_strip(BitStrip& strip, int x, int width, int height, std::uint8_t* bitmap) {
  const int end = std::min(x + kStrip, width);
  for (int x0 = x; x0 < end; x0 += 8) paint_columns(strip, x, x0, width, height, bitmap);
}

void read_columns(BitStrip& strip, int strip_x, int x0, int width, int height,
                  const std::uint8_t* bitmap) {
  const int columns = std::min(8, width - x0);
  for (int y = 0; y < height; y += 8) {
    const std::uint8_t* row = bitmap + static_cast<std::size_t>(y) * width + x0;
    const int rows = std::min(8, height - y);
    std::uint64_t block = 0;
    for (int r = 0; r < rows; ++r, row += width) {
      std::uint64_t bytes = 0;
      if (columns == 8) {
        std::memcpy(&bytes, row, 8);
      } else {
        std::memcpy(&bytes, row, columns);
      }
      block |= nonzero_bytes(bytes) << (8 * r);
    }
    block = transpose_bits(block);
    for (int c = 0; c < 8; ++c) {
      strip.bytes(x0 - strip_x + c)[y >> 3] = static_cast<std::uint8_t>(block >> (8 * c));
    }
  }
}

// Collects runs from columns of bits.
struct RunWriter {
  std::vector<std::uint32_t> counts;
  std::uint32_t start = 0;  // of the current run
  bool inside = false;

  void flip(std::uint32_t position) {
    counts.push_back(position - start);
    start = position;
    inside = !inside;
  }

  void column(const std::uint64_t* words, std::uint32_t base, int height) {
    for (int y = 0; y < height; y += 64, ++words) {
      std::uint64_t change = *words ^ (*words << 1 | static_cast<std::uint64_t>(inside));
      if (height - y < 64) change &= (1ULL << (height - y)) - 1;
      for (; change != 0; change &= change - 1) {
        flip(base + static_cast<std::uint32_t>(y + __builtin_ctzll(change)));
      }
    }
  }
};

}  // namespace

std::uint32_t mask_pixel_count(int width, int height) {
  const std::int64_t pixels = static_cast<std::int64_t>(width) * height;
  if (width < 1 || height < 1 || width > kMaxMaskSide || height > kMaxMaskSide ||
      pixels > std::numeric_limits<std::int32_t>::max()) {
    throw Error("invalid_argument", "Expected a mask of 1 to " + std::to_string(kMaxMaskSide) +
                                        " pixels by axis, and 2^31 - 1 in all; got " +
                                        std::to_string(width) + " x " + std::to_string(height));
  }
  return static_cast<std::uint32_t>(pixels);
}

std::string rle_compress(std::span<const std::uint32_t> counts) {
  std::string text;
  std::size_t size = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (text.size() - size < kMaxDigits) text.resize(2 * text.size() + counts.size() + kMaxDigits);
    const std::int64_t before = i > 2 ? counts[i - 2] : 0;
    size += static_cast<std::size_t>(write_number(counts[i] - before, text.data() + size));
  }
  text.resize(size);
  return text;
}

std::vector<std::uint32_t> rle_decompress(std::string_view text, int width, int height) {
  const std::uint32_t pixels = mask_pixel_count(width, height);
  std::vector<std::uint32_t> counts;
  counts.reserve(std::min<std::size_t>(text.size(), static_cast<std::size_t>(pixels) + 1));
  std::uint32_t sum = 0;
  bool zeros = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const std::size_t i = counts.size();
    const std::int64_t run = read_number(text, at) + (i > 2 ? counts[i - 2] : 0);
    if (run < 0 || run > pixels - sum) {
      fail("run " + std::to_string(i) + " to be 0 to " + std::to_string(pixels - sum) +
               " pixels (what is left of " + std::to_string(width) + " x " +
               std::to_string(height) + ")",
           start, std::to_string(run));
    }
    zeros = zeros || (run == 0 && i > 0);
    counts.push_back(static_cast<std::uint32_t>(run));
    sum += static_cast<std::uint32_t>(run);
  }
  if (sum != pixels) {
    fail("runs that sum to " + std::to_string(pixels) + " pixels (" + std::to_string(width) +
             " x " + std::to_string(height) + ")",
         text.size(), std::to_string(sum) + " in " + std::to_string(counts.size()) + " runs");
  }
  if (zeros) canonicalise(counts);
  return counts;
}

MaskResult rle_measure(std::vector<std::uint32_t> counts, int height) {
  MaskResult mask;
  mask.counts = std::move(counts);
  int y1 = height;
  int y2 = 0;
  for_each_column_run(mask.counts, height, [&](int x, int from, int to) {
    if (mask.area == 0) mask.box[0] = x;
    mask.box[2] = x + 1;
    y1 = std::min(y1, from);
    y2 = std::max(y2, to);
    mask.area += to - from;
  });
  if (mask.area == 0) return mask;
  mask.box[1] = y1;
  mask.box[3] = y2;
  mask.stability = 1;
  return mask;
}

void rle_to_bitmap(std::span<const std::uint32_t> counts, int width, int height,
                   std::uint8_t* bitmap) {
  BitStrip strip(height);
  int strip_x = 0;
  for_each_column_run(counts, height, [&](int x, int y0, int y1) {
    while (x >= strip_x + kStrip) {
      paint_strip(strip, strip_x, width, height, bitmap);
      std::fill(strip.bits.begin(), strip.bits.end(), 0);
      strip_x += kStrip;
    }
    strip.set(x - strip_x, y0, y1);
  });
  for (; strip_x < width; strip_x += kStrip) {
    paint_strip(strip, strip_x, width, height, bitmap);
    std::fill(strip.bits.begin(), strip.bits.end(), 0);
  }
}

MaskResult bitmap_to_rle(const std::uint8_t* bitmap, int width, int height) {
  const std::uint32_t pixels = mask_pixel_count(width, height);
  BitStrip strip(height);
  RunWriter runs;
  for (int strip_x = 0; strip_x < width; strip_x += kStrip) {
    const int end = std::min(strip_x + kStrip, width);
    for (int x = strip_x; x < end; x += 8) read_columns(strip, strip_x, x, width, height, bitmap);
    for (int x = strip_x; x < end; ++x) {
      runs.column(strip.column(x - strip_x), static_cast<std::uint32_t>(x) * height, height);
    }
  }
  runs.counts.push_back(pixels - runs.start);
  return rle_measure(std::move(runs.counts), height);
}

}  // namespace samwire
