#include "image/kernels_impl.h"
#include "image/simd_plain.h"

namespace samwire::image {

const Kernels& plain_kernels() noexcept { return KernelsOf<Plain>::kTable; }

}  // namespace samwire::image
