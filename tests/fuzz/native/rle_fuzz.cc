#include <algorithm>

#include "fuzz.h"
#include "mask/centroid.h"
#include "mask/deepest.h"
#include "mask/labels.h"
#include "mask/regions.h"
#include "mask/rle.h"
#include "mask/rle_iou.h"
#include "mask/rle_ops.h"
#include "mask/runs.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

namespace {

using Counts = std::vector<std::uint32_t>;
using Bitmap = std::vector<std::uint8_t>;

constexpr std::uint64_t kMaxPainted = 1 << 16;  // pixels

bool canonical(const Counts& counts, std::uint64_t pixels) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i > 0 && counts[i] == 0) return false;
    sum += counts[i];
  }
  return sum == pixels;
}

// pycocotools' rleFrString and rleDecode, as they stand in its papers: one number after the other,
// one pixel after the other.
Bitmap plain_bitmap(const Counts& counts, int width, int height) {
  Bitmap bitmap(static_cast<std::size_t>(width) * height);
  std::size_t at = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (std::uint32_t left = counts[i]; left > 0; --left, ++at) {
      bitmap[at % height * width + at / height] = i % 2;
    }
  }
  return bitmap;
}

void check_measures(const Counts& counts, const Bitmap& bitmap, int width, int height) {
  const MaskResult mask = rle_measure(counts, height);
  hold(mask.area == std::count(bitmap.begin(), bitmap.end(), 1), "the area is the pixels'");
  const auto inside = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height &&
           bitmap[static_cast<std::size_t>(y) * width + x] != 0;
  };
  if (mask.area > 0) {
    const auto& [x1, y1, x2, y2] = mask.box;
    hold(x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && x2 <= width && y2 <= height,
         "the box lies in the picture");
  }
  const auto centre = mask_centroid(counts, height);
  const auto deep = deepest_pixel(counts, height);
  hold(centre.has_value() == (mask.area > 0) && deep.has_value() == (mask.area > 0),
       "a mask with pixels has a middle");
  if (deep) hold(inside(deep->x, deep->y), "the deepest pixel lies inside");
  if (centre) {
    hold(centre->x >= mask.box[0] && centre->x < mask.box[2] && centre->y >= mask.box[1] &&
             centre->y < mask.box[3],
         "the centroid lies in the box");
  }
  const RlePixels pixels(counts, width, height);
  for (int y = -1; y <= height; y += 3) {
    for (int x = -1; x <= width; x += 2) {
      hold(pixels.inside(x, y) == inside(x, y), "each pixel is found");
    }
  }
}

void check_text(const std::string& text, int width, int height) {
  Counts counts;
  if (!accepted([&] { counts = rle_decompress(text, width, height); })) return;
  const auto pixels = static_cast<std::uint64_t>(width) * height;
  hold(canonical(counts, pixels), "decompressed runs are canonical and sum to the picture");
  hold(rle_decompress(rle_compress(counts), width, height) == counts,
       "decompress(compress(x)) is x");
  const RleOverlap overlap = rle_overlap(counts, counts);
  hold(overlap.intersection == overlap.area_a && overlap.area_a == overlap.area_b,
       "a mask overlaps itself");
  if (pixels > kMaxPainted) return;
  const Bitmap expected = plain_bitmap(counts, width, height);
  Bitmap bitmap(pixels, 2);
  rle_to_bitmap(counts, width, height, bitmap.data());
  hold(bitmap == expected, "the bitmap is the reference's");
  hold(bitmap_to_rle(bitmap.data(), width, height).counts == counts, "runs of the bitmap are x");
  check_measures(counts, bitmap, width, height);
}

void check_pair(fuzz::Input& in) {
  const int width = in.range(1, 40);
  const int height = in.range(1, 40);
  const PixelBox box{in.mostly(-5, 45), in.mostly(-5, 45), in.mostly(-5, 45), in.mostly(-5, 45)};
  const std::int64_t min_area = in.mostly(0, 40);
  const int grid_width = in.mostly(1, 50);
  const int grid_height = in.mostly(1, 50);
  const Bitmap first = fuzz::bitmap_from(in, width, height);
  const Bitmap second = fuzz::bitmap_from(in, width, height);
  const Counts a = bitmap_to_rle(first.data(), width, height).counts;
  const Counts b = bitmap_to_rle(second.data(), width, height).counts;
  hold(a == fuzz::plain_runs(first, width, height), "runs are the pixels'");
  const auto combined = [&](auto combine) {
    Bitmap result(first.size());
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = combine(first[i], second[i]);
    return fuzz::plain_runs(result, width, height);
  };
  hold(unite_runs(a, b) == combined([](int p, int q) { return p | q; }), "a union is one");
  hold(subtract_runs(a, b) == combined([](int p, int q) { return p & ~q; }), "a difference is one");
  Bitmap cropped(first.size());
  std::int64_t in_box = 0;
  for (int y = std::max(0, box.y1); y < std::min(height, box.y2); ++y) {
    for (int x = std::max(0, box.x1); x < std::min(width, box.x2); ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * width + x;
      cropped[i] = first[i];
      in_box += first[i];
    }
  }
  hold(crop_runs(a, width, height, box) == fuzz::plain_runs(cropped, width, height),
       "a crop is one");
  hold(area_in_box(a, height, box) == in_box, "an area in a box is one");
  const Cleaned cleaned = remove_small_regions(a, width, height, min_area);
  hold(canonical(cleaned.counts, first.size()), "a cleaned mask is of the picture's size");
  if (!cleaned.changed) hold(cleaned.counts == a, "what is not changed is the same");
  Counts sampled;
  // What a decoder's grid costs grows with its cells, of which a model has a bounded number.
  if (static_cast<std::int64_t>(grid_width) * grid_height > 65536) return;
  if (accepted([&] { sampled = rle_sample(a, width, height, grid_width, grid_height); })) {
    hold(canonical(sampled, static_cast<std::uint64_t>(grid_width) * grid_height),
         "a sampled mask is of the grid's size");
  }
}

void check_labels(fuzz::Input& in) {
  const int width = in.range(1, 30);
  const int height = in.range(1, 30);
  std::vector<LabelLayer> layers(in.range(0, 3));
  for (LabelLayer& layer : layers) {
    layer.label = in.raw<std::uint16_t>();
    layer.counts =
        in.byte() < 40 ? in.text(in.byte()) : rle_compress(fuzz::runs_from(in, width, height));
  }
  std::vector<std::uint16_t> wide(static_cast<std::size_t>(width) * height, 7);
  std::vector<std::uint8_t> narrow(wide.size(), 7);
  const bool painted = accepted([&] { paint_labels(layers, width, height, wide.data()); });
  hold(painted == accepted([&] { paint_labels(layers, width, height, narrow.data()); }),
       "labels are painted in 8 bits as in 16");
  for (std::size_t i = 0; painted && i < wide.size(); ++i) {
    hold(narrow[i] == (wide[i] & 255), "8 bits are the lower ones");
  }
}

void check_uncrop(fuzz::Input& in) {
  const Region crop{in.mostly(0, 20), in.mostly(0, 20), in.mostly(1, 20), in.mostly(1, 20)};
  const int width = in.mostly(1, 40);
  const int height = in.mostly(1, 40);
  if (crop.width < 1 || crop.height < 1 || crop.width > 64 || crop.height > 64) return;
  const Counts part = fuzz::runs_from(in, crop.width, crop.height);
  Counts whole;
  if (!accepted([&] { whole = rle_uncrop(part, crop, width, height); })) return;
  hold(canonical(whole, static_cast<std::uint64_t>(width) * height), "it is of the frame's size");
  hold(rle_measure(whole, height).area == rle_measure(part, crop.height).area,
       "no pixel is lost or won");
}

}  // namespace

// COCO's runs: text, bitmaps, and all that is done with masks as runs.
FUZZ_TARGET(rle) {
  switch (in.byte() % 4) {
    case 0: {
      const int width = in.mostly(1, 300);
      const int height = in.mostly(1, 300);
      return check_text(in.rest(), width, height);
    }
    case 1:
      return check_pair(in);
    case 2:
      return check_labels(in);
    default:
      return check_uncrop(in);
  }
}
