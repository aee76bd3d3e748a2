#pragma once

#include "fuzz.h"

#define SAMWIRE_TARGETS(X) X(rle) X(polygon) X(logits) X(image) X(depth) X(edges) X(uri) X(sample)

#define SAMWIRE_DECLARE(name) void fuzz_##name(samwire::fuzz::Input in);
SAMWIRE_TARGETS(SAMWIRE_DECLARE)
#undef SAMWIRE_DECLARE

namespace samwire::fuzz {

struct Target {
  const char* name;
  void (*run)(Input);
};

#define SAMWIRE_ENTRY(name) {#name, fuzz_##name},
inline constexpr Target kTargets[] = {SAMWIRE_TARGETS(SAMWIRE_ENTRY)};
#undef SAMWIRE_ENTRY

}  // namespace samwire::fuzz
