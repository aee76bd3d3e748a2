#pragma once

#include <cstdint>

namespace samwire::tensorrt {

// The C functions that TensorRT's headers call, as dlsym gave them; null where a library was not
// opened. Set by library() and require_parser() before they return, and never changed after.
struct Symbols {
  void* (*create_runtime)(void* logger, std::int32_t version) noexcept = nullptr;
  void* (*create_builder)(void* logger, std::int32_t version) noexcept = nullptr;
  std::int32_t (*version)() noexcept = nullptr;
};
const Symbols& symbols() noexcept;

using CreateParser = void*(void* network, void* logger, int version) noexcept;
CreateParser* parser_symbol() noexcept;

}  // namespace samwire::tensorrt
