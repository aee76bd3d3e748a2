#include <algorithm>
#include <cmath>

#include "frame/pool.h"
#include "image/crop.h"
#include "image/prepare.h"
#include "image/scaled.h"
#include "mask/colours.h"
#include "mask/patch.h"
#include "picture.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

namespace {

ImageSpec image_spec_from(fuzz::Input& in) {
  ImageSpec spec;
  spec.width = in.mostly(1, 48);
  spec.height = in.mostly(1, 48);
  spec.fit = static_cast<Fit>(in.range(0, 3));
  spec.rounding = static_cast<Rounding>(in.range(0, 2));
  spec.filter = static_cast<Filter>(in.range(0, 5));
  spec.channels = static_cast<Channels>(in.range(0, 1));
  spec.pad_after_normalise = in.flag();
  spec.pad_level = in.byte();
  spec.scale = in.byte() < 250 ? 1.0F : in.raw<float>();
  spec.mean = {in.byte() / 2.0F, 1, in.byte() < 250 ? 3.0F : in.raw<float>()};
  spec.std = {in.byte() / 2.0F, 2, 3};
  return spec;
}

void check_prepare(fuzz::Input& in, const ImageView& view) {
  const ImageSpec spec = image_spec_from(in);
  Placement placed;
  if (!accepted([&] { placed = place(spec, view.width, view.height); })) return;
  hold(placed.x >= 0 && placed.y >= 0 && placed.width >= 1 && placed.height >= 1 &&
           placed.x + placed.width <= placed.tensor_width &&
           placed.y + placed.height <= placed.tensor_height,
       "the picture lies in the tensor");
  const auto count = static_cast<std::size_t>(placed.tensor_width) * placed.tensor_height * 3;
  if (count > 65536) return;
  std::vector<float> best(count, NAN);
  std::vector<float> scalar(count, NAN);
  ImagePreparer(SimdChoice::kBest).prepare(view, spec, best.data());
  ImagePreparer(SimdChoice::kScalar).prepare(view, spec, scalar.data());
  for (std::size_t i = 0; i < count; ++i) {
    hold(std::abs(best[i] - scalar[i]) <= 1e-4F * (1 + std::abs(scalar[i])) ||
             !std::isfinite(scalar[i]),
         "both sets of kernels say the same");
    // Finite numbers of a manifest may overflow float32 all the same.
    hold(!std::isnan(best[i]) || !std::isfinite(spec.scale * 255), "each number is written");
  }
}

void check_smaller(fuzz::Input& in, const ImageView& view) {
  const int width = in.mostly(1, 40);
  const int height = in.mostly(1, 40);
  if (!accepted([&] { check_scaled_size(view, width, height); })) return;
  std::vector<std::uint8_t> out(static_cast<std::size_t>(width) * height * 3);
  ScaledRgb().write(view, width, height, out.data());
}

void check_crop(fuzz::Input& in, const ImageView& view) {
  Frame frame;
  frame.view = view;
  const Region region{in.mostly(0, 40), in.mostly(0, 40), in.mostly(1, 40), in.mostly(1, 40)};
  FramePool pool;
  FramePtr part;
  if (!accepted([&] { part = crop_frame(frame, region, pool); })) return;
  std::vector<std::uint8_t> whole(static_cast<std::size_t>(view.width) * view.height * 3);
  std::vector<std::uint8_t> cut(static_cast<std::size_t>(region.width) * region.height * 3);
  to_rgb(view, whole.data());
  to_rgb(part->view, cut.data());
  for (int y = 0; y < region.height; ++y) {
    const auto from = static_cast<std::size_t>(region.y + y) * view.width + region.x;
    hold(std::equal(cut.begin() + static_cast<std::ptrdiff_t>(y) * region.width * 3,
                    cut.begin() + static_cast<std::ptrdiff_t>(y + 1) * region.width * 3,
                    whole.begin() + static_cast<std::ptrdiff_t>(from * 3)),
         "a crop's pixels are the whole's");
  }
}

PatchBox box_from(fuzz::Input& in) {
  return {in.mostly_small(60), in.mostly_small(60), in.mostly_small(60), in.mostly_small(60)};
}

void check_patch(fuzz::Input& in, const ImageView& view) {
  const PatchBox box = box_from(in);
  const PatchBox guess = box_from(in);
  const auto counts = fuzz::runs_from(in, view.width, view.height);
  Patch patch;
  if (!accepted([&] { patch = sample_patch(view, counts, box); })) return;
  for (const float weight : patch.weight) hold(weight >= 0 && weight <= 1, "weights are 0 to 1");
  std::vector<Registration> found;
  if (!accepted([&] { found = register_patches(view, {&patch, 1}, guess); })) return;
  for (const Registration& one : found) {
    hold(one.likeness >= -1.001 && one.likeness <= 1.001, "a likeness is -1 to 1");
    if (one.likeness > 0) {
      hold(std::all_of(one.box.begin(), one.box.end(), [](double v) { return std::isfinite(v); }),
           "a place is finite");
    }
  }
}

void check_colours(fuzz::Input& in, const ImageView& view) {
  ColourSearch search;
  search.area = box_from(in);
  search.width = in.mostly_small(60);
  search.height = in.mostly_small(60);
  search.expected_x = in.mostly_small(60);
  search.expected_y = in.mostly_small(60);
  search.sigma = in.mostly_small(20);
  search.peaks = in.mostly(1, 5);
  const auto counts = fuzz::runs_from(in, view.width, view.height);
  const MaskColours colours = mask_colours(view, counts);
  for (const float share : colours.inside) hold(share >= 0 && share <= 1.001F, "a share is 0 to 1");
  std::vector<ColourPeak> peaks;
  if (!accepted([&] { peaks = find_colours(view, colours.inside, search); })) return;
  for (const ColourPeak& peak : peaks) {
    hold(std::isfinite(peak.x) && std::isfinite(peak.y) && std::isfinite(peak.score),
         "a peak is finite");
  }
}

}  // namespace

// Pictures of all formats, odd sizes and strides: to tensors, smaller, cut, and what tracks see.
FUZZ_TARGET(image) {
  const std::uint8_t what = in.byte();
  const auto format = static_cast<PixelFormat>(in.range(0, 7));
  const int width = in.range(1, 40);
  const int height = in.range(1, 40);
  const fuzz::Picture picture = fuzz::picture_from(in, format, width, height);
  switch (what % 5) {
    case 0:
      return check_prepare(in, picture.view);
    case 1:
      return check_smaller(in, picture.view);
    case 2:
      return check_crop(in, picture.view);
    case 3:
      return check_patch(in, picture.view);
    default:
      return check_colours(in, picture.view);
  }
}
