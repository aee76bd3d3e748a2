#include <cmath>

#include "edges/soft_edges.h"
#include "fuzz.h"
#include "mask/extract.h"
#include "mask/lowres.h"
#include "mask/prototypes.h"
#include "mask/reference.h"

using namespace samwire;
using fuzz::accepted;
using fuzz::hold;

namespace {

MaskSpec mask_spec_from(fuzz::Input& in) {
  MaskSpec spec;
  spec.grid_width = in.mostly(1, 24);
  spec.grid_height = in.mostly(1, 24);
  spec.placement.tensor_width = in.mostly(1, 64);
  spec.placement.tensor_height = in.mostly(1, 64);
  spec.placement.width = in.mostly(1, 64);
  spec.placement.height = in.mostly(1, 64);
  if (in.flag()) {
    spec.placement.width = spec.placement.tensor_width;
    spec.placement.height = spec.placement.tensor_height;
  }
  spec.placement.x = in.mostly(0, 8);
  spec.placement.y = in.mostly(0, 8);
  spec.frame_width = in.mostly(1, 90);
  spec.frame_height = in.mostly(1, 90);
  spec.via_input = in.flag();
  spec.inclusive = in.flag();
  spec.threshold = static_cast<float>(in.mostly_small(3));
  spec.stability_offset = std::abs(static_cast<float>(in.mostly_small(2)));
  return spec;
}

std::vector<float> floats_from(fuzz::Input& in, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) {
    const std::uint8_t kind = in.byte();
    value = kind == 255 ? in.raw<float>() : static_cast<float>(kind - 128) / 16;
  }
  return values;
}

bool same(const MaskResult& a, const MaskResult& b) {
  return a.counts == b.counts && a.area == b.area && a.box == b.box && a.stability == b.stability;
}

void check_masks(const std::vector<float>& logits, const MaskSpec& spec) {
  MaskResult best;
  MaskResult portable;
  MaskResult reference;
  MaskExtractor(spec).extract(logits.data(), best);
  MaskExtractor(spec, portable_mask_kernels()).extract(logits.data(), portable);
  extract_reference(logits.data(), spec, reference);
  hold(same(best, portable), "every machine makes the same bits");
  hold(same(best, reference), "the bits are the definition's");
  hold(best.stability >= 0 && best.stability <= 1, "a stability is 0 to 1");
  const LowResMask low = low_res_mask(logits.data(), spec);
  hold(low.width >= 1 && low.height >= 1 && low.scale_x > 0 && low.scale_y > 0,
       "a low-res mask has cells");
  std::vector<float> prompt(logits.size());
  rle_to_logits(best.counts, spec, 20, prompt.data());
  for (const float value : prompt) hold(value >= -20 && value <= 20, "a mask prompt is bounded");
}

void check_edges(const std::vector<float>& logits, const MaskSpec& spec) {
  std::vector<float> strength(static_cast<std::size_t>(spec.frame_width) * spec.frame_height);
  SoftEdges(spec).add(logits.data(), strength.data());
  for (const float value : strength)
    hold(value >= 0 && value <= 1.5F, "an edge's strength is bounded");
}

void check_objects(fuzz::Input& in, const std::vector<float>& prototypes, const MaskSpec& spec) {
  const auto coefficients = floats_from(in, 1);
  const std::array<float, 4> box{
      static_cast<float>(in.mostly_small(100)), static_cast<float>(in.mostly_small(100)),
      static_cast<float>(in.mostly_small(100)), static_cast<float>(in.mostly_small(100))};
  ObjectMask object;
  PrototypeMasks(spec).extract(prototypes.data(), 1, coefficients.data(), box, object);
  std::uint64_t sum = 0;
  for (const std::uint32_t count : object.mask.counts) sum += count;
  hold(sum == static_cast<std::uint64_t>(spec.frame_width) * spec.frame_height,
       "an object's mask is of the frame's size");
}

}  // namespace

// A decoder's logits to masks: sizes, crops, NaN and infinities.
FUZZ_TARGET(logits) {
  const MaskSpec spec = mask_spec_from(in);
  if (!accepted([&] { check_mask_spec(spec); })) return;
  const auto cells = static_cast<std::size_t>(spec.grid_width) * spec.grid_height;
  // Large grids and frames pass the check, and are slow: what is small shows the same code.
  if (cells > 4096 || static_cast<std::int64_t>(spec.frame_width) * spec.frame_height > 65536)
    return;
  const std::uint8_t what = in.byte();
  const auto logits = floats_from(in, cells);
  check_masks(logits, spec);
  if (what % 3 == 1) check_edges(logits, spec);
  if (what % 3 == 2) check_objects(in, logits, spec);
}
