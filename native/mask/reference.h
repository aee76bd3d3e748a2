#pragma once

#include "mask/mask.h"

namespace samwire {

// MaskExtractor's definition, pixel by pixel over a full-size image, for tests: the same sampling
// tables and the same order of additions, none of the shortcuts. Throws as check_mask_spec.
void extract_reference(const float* logits, const MaskSpec& spec, MaskResult& out);

}  // namespace samwire
