#include "mask/colours.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "frame/error.h"
#include "image/view.h"
#include "mask/rle.h"

namespace samwire {
namespace {

// Chroma is finest where most of the world is: near grey.
constexpr std::array<int, kChromaBins - 1> kChromaEdges{-44, -24, -12, -4, 4, 12, 24, 44};

struct BinTables {
  std::array<std::uint16_t, 256> luma, cb, cr;
};

BinTables make_tables() {
  BinTables tables{};
  for (int level = 0; level < 256; ++level) {
    int chroma = 0;
    while (chroma < kChromaBins - 1 && level - 128 >= kChromaEdges[chroma]) ++chroma;
    const int luma = level * kLumaBins / 256;
    tables.luma[level] = static_cast<std::uint16_t>(luma * kChromaBins * kChromaBins);
    tables.cb[level] = static_cast<std::uint16_t>(chroma * kChromaBins);
    tables.cr[level] = static_cast<std::uint16_t>(chroma);
  }
  return tables;
}

const BinTables& tables() {
  static const BinTables made = make_tables();
  return made;
}

int bin_of(int luma, int cb, int cr) {
  const BinTables& t = tables();
  return t.luma[luma] + t.cb[cb] + t.cr[cr];
}

// JPEG's matrix in 16 fractional bits.
int bin_of_rgb(int r, int g, int b) {
  const int luma = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  const int cb = (-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16;
  const int cr = (32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16;
  return bin_of(luma, cb, cr);
}

// One pass of weights 1 2 1 along an axis of bins; what would fall off the ends stays.
void smooth_axis(ColourHistogram& histogram, int stride, int length) {
  const ColourHistogram before = histogram;
  for (int i = 0; i < kColourBins; ++i) {
    const int place = i / stride % length;
    const float low = before[place > 0 ? i - stride : i];
    const float high = before[place < length - 1 ? i + stride : i];
    histogram[i] = (low + 2 * before[i] + high) / 4;
  }
}

void finish(ColourHistogram& histogram) {
  float sum = 0;
  for (const float value : histogram) sum += value;
  if (sum == 0) return;
  for (float& value : histogram) value /= sum;
  smooth_axis(histogram, 1, kChromaBins);
  smooth_axis(histogram, kChromaBins, kChromaBins);
  smooth_axis(histogram, kChromaBins * kChromaBins, kLumaBins);
}

}  // namespace

ColourReader::ColourReader(const ImageView& view) : view_(view) { image::check_view(view); }

int ColourReader::bin(int x, int y) const {
  const auto row = [&](int plane, int line) {
    return view_.planes[plane].data +
           static_cast<std::ptrdiff_t>(line) * view_.planes[plane].stride;
  };
  const std::uint8_t* line = row(0, y);
  switch (view_.format) {
    case PixelFormat::kNV12: {
      const std::uint8_t* chroma = row(1, y / 2) + (x & ~1);
      return bin_of(line[x], chroma[0], chroma[1]);
    }
    case PixelFormat::kI420:
      return bin_of(line[x], row(1, y / 2)[x / 2], row(2, y / 2)[x / 2]);
    case PixelFormat::kYUY2: {
      const std::uint8_t* pair = line + static_cast<std::ptrdiff_t>(x / 2) * 4;
      return bin_of(pair[x % 2 * 2], pair[1], pair[3]);
    }
    case PixelFormat::kBGRx:
    case PixelFormat::kBGR: {
      const std::uint8_t* p =
          line + static_cast<std::ptrdiff_t>(x) * (view_.format == PixelFormat::kBGR ? 3 : 4);
      return bin_of_rgb(p[2], p[1], p[0]);
    }
    case PixelFormat::kRGBx:
    case PixelFormat::kRGB: {
      const std::uint8_t* p =
          line + static_cast<std::ptrdiff_t>(x) * (view_.format == PixelFormat::kRGB ? 3 : 4);
      return bin_of_rgb(p[0], p[1], p[2]);
    }
    case PixelFormat::kGray8:
      return bin_of(line[x], 128, 128);
    case PixelFormat::kGray16LE:  // refused by check_view
    case PixelFormat::kGray16BE:
      break;
  }
  throw Error("invalid_argument", "Expected a known pixel format");
}

MaskColours mask_colours(const ImageView& view, std::span<const std::uint32_t> counts) {
  const ColourReader reader(view);
  const MaskResult mask = rle_measure({counts.begin(), counts.end()}, view.height);
  MaskColours colours;
  if (mask.area == 0) return colours;
  const int grow_x = (mask.box[2] - mask.box[0] + 1) / 2;
  const int grow_y = (mask.box[3] - mask.box[1] + 1) / 2;
  const int x1 = std::max(0, mask.box[0] - grow_x);
  const int y1 = std::max(0, mask.box[1] - grow_y);
  const int x2 = std::min(view.width, mask.box[2] + grow_x);
  const int y2 = std::min(view.height, mask.box[3] + grow_y);
  const double pixels = static_cast<double>(x2 - x1) * (y2 - y1);
  const int step = std::max(1, static_cast<int>(std::ceil(std::sqrt(pixels / kColourSamples))));
  const int columns = (x2 - x1 + step - 1) / step;
  const int rows = (y2 - y1 + step - 1) / step;
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(columns) * rows);
  for_each_column_run(counts, view.height, [&](int x, int from, int to) {
    if ((x - x1) % step != 0) return;
    std::uint8_t* column = inside.data() + static_cast<std::size_t>((x - x1) / step) * rows;
    const int first = (from - y1 + step - 1) / step;
    const int last = (to - y1 + step - 1) / step;
    std::fill(column + first, column + last, std::uint8_t{1});
  });
  for (int i = 0; i < columns; ++i) {
    for (int j = 0; j < rows; ++j) {
      const int bin = reader.bin(x1 + i * step, y1 + j * step);
      (inside[static_cast<std::size_t>(i) * rows + j] != 0 ? colours.inside
                                                           : colours.around)[bin] += 1;
    }
  }
  finish(colours.inside);
  finish(colours.around);
  return colours;
}

}  // namespace samwire
