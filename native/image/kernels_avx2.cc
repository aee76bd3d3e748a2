#if defined(__x86_64__)

#include "image/kernels_impl.h"
#include "image/simd_avx2.h"

namespace samwire::image {

const Kernels& avx2_kernels() noexcept { return KernelsOf<Avx2>::kTable; }

}  // namespace samwire::image

#endif
