// The targets under libFuzzer: SAMWIRE_FUZZ_TARGET in the environment says which one.
#include "targets.h"

namespace {

const samwire::fuzz::Target* chosen = nullptr;

}  // namespace

#define SAMWIRE_EXPORT extern "C" __attribute__((visibility("default")))

SAMWIRE_EXPORT int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("SAMWIRE_FUZZ_TARGET");
  for (const auto& target : samwire::fuzz::kTargets) {
    if (name != nullptr && std::strcmp(name, target.name) == 0) chosen = &target;
  }
  if (chosen != nullptr) return 0;
  std::fprintf(stderr, "Expected a target in SAMWIRE_FUZZ_TARGET, got %s.\n",
               name == nullptr ? "none" : name);
  std::exit(2);
}

SAMWIRE_EXPORT int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}
