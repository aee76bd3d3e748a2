#if defined(__aarch64__)

#include "image/kernels_impl.h"
#include "image/simd_neon.h"

namespace samwire::image {

const Kernels& neon_kernels() noexcept { return KernelsOf<Neon>::kTable; }

}  // namespace samwire::image

#endif
