#include "tensorrt/symbols.h"

// What TensorRT's inline functions (createInferRuntime ...) call, forwarded to the library that was
// opened at run time.
//
// TensorRT's headers are not included: they declare these functions with default visibility, and
// definitions that the dynamic linker sees would be picked up by libnvinfer and libnvonnxparser
// themselves, in place of their own, wherever this code is part of the program or was loaded with
// RTLD_GLOBAL. Hidden here, they are hidden for the whole addon: the linker takes the narrowest
// visibility that any object file gives a symbol.
#pragma GCC visibility push(hidden)

extern "C" {

void* createInferRuntime_INTERNAL(void* logger, std::int32_t version) noexcept {
  const auto create = samwire::tensorrt::symbols().create_runtime;
  return create == nullptr ? nullptr : create(logger, version);
}

void* createInferBuilder_INTERNAL(void* logger, std::int32_t version) noexcept {
  const auto create = samwire::tensorrt::symbols().create_builder;
  return create == nullptr ? nullptr : create(logger, version);
}

std::int32_t getInferLibVersion() noexcept {
  const auto version = samwire::tensorrt::symbols().version;
  return version == nullptr ? 0 : version();
}

void* createNvOnnxParser_INTERNAL(void* network, void* logger, int version) noexcept {
  const auto create = samwire::tensorrt::parser_symbol();
  return create == nullptr ? nullptr : create(network, logger, version);
}

}  // extern "C"

#pragma GCC visibility pop
